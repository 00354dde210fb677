def sign_in(user, form, hasher):
    if form.password != form.password_confirm or form.password == "":
        return False
    return hasher.verify(user.password_hash, form.password)
