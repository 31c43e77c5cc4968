"""The listening page: a web server for this computer alone, its page and its scripts; songs come as a Catalogue."""
