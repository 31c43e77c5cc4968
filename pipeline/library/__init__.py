"""A person's own songs, through the trained models: brought in, placed, compared and put into playlists."""

from pipeline.library.songs import Library

__all__ = ["Library"]
