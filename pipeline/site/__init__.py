"""`make report`: the site under reports/_site, by Quarto where there is one, else as a preview by pandoc."""
