"""What is said of a song that cannot be placed."""


class Unusable(Exception):
    """The message is the reason."""
