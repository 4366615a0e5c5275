"""The kiosk's faces: one for each phase, each of them built once and filled anew."""
