def sign_in(user, form):
    return user.password == form.password
