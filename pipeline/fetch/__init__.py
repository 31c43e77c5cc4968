"""How songs come from elsewhere: what was named, who asks, the transfer, zips, and their places under data/."""
