"""Content that the centre signs and gives out: manifest, store on disk, and what is in force now."""
