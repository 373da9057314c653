"""What filter is made of: shards, what is measured of each, what is decided over all, and what is written."""
