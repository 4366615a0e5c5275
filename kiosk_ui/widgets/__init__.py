"""The kiosk's own widgets: text, buttons and pictures that follow one `Look`."""
