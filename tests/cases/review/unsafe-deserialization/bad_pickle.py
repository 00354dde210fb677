import pickle


def read(request):
    return pickle.loads(request.body)
