"""What may be done with data, as far as their owners say."""

_KNOWN = {
    "digits": "UCI Optical Recognition of Handwritten Digits (Alpaydin, Kaynak), CC BY 4.0",
    "mnist": "MNIST (LeCun, Cortes, Burges), CC BY-SA 3.0",
    "fashion_mnist": "Fashion-MNIST (Zalando), MIT",
    "cifar10": "CIFAR-10 (Krizhevsky, 2009): its owners state no licence",
    "toy": "made by tfgan: no one else's",
    "tfd": "Toronto Face Database: given by its owners on their terms, not to be passed on",
}


def licence(source):
    """One line on whose the data are and on what terms; `source` as for `tfgan.data.load`."""
    name = source.removeprefix("stacked:").removeprefix("tfds:").split("/")[0].split(":")[0]
    return _KNOWN.get(name, "not known to tfgan: state whose the data are, and on what terms")
