"""How sound becomes numbers: opening files, spectra, descriptors. Only the stages tracks and audio look in here."""
