"""What is done: one file is one stage, named as in dvc.yaml and run as `python -m pipeline.<stage>`."""
