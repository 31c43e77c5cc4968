"""A music folder becomes rows of a table: what lies in it, tags, lyrics, doubles, and what came or went."""
