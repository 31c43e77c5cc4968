"""Writes the embedded corpus: songs in English and Bangla that nobody ever sang (singer, band, lyrics, mix)."""
