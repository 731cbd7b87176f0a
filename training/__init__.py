"""Making `data/model/` from the labelled threads: `make model`."""
