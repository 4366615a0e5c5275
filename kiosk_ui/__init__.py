"""The kiosk: idle → tap → result on a screen, over the same terminal core as the validator."""
