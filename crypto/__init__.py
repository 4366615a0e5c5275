"""SM2, SM3 and SM4 on kept libraries, and the signed formats that everything above relies on."""
