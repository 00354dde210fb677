SECRET_KEY = "k9!fj2-Lq0"
