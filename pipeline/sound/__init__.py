"""How sound becomes numbers: opening files, spectra, statistics, levels, frames."""
