"""`make report`: the site under reports/_site, built by Quarto if it is installed, else as a preview by pandoc."""
