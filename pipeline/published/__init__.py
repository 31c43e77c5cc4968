"""Models in the form in which they are usually published, scored beside those of this project."""
