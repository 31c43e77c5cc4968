"""What every stage stands on: the command line, parameters, files, processes."""
