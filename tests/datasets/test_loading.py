import numpy as np

from digit_core.datasets.loading import load_dataset
from digit_core.datasets.sources import load_digits, load_mnist
from digit_core.preprocessing.normalize import normalize


def test_the_bundled_digits_come_in_normal_form(no_mnist):
    data, published = load_dataset("digits"), load_digits()
    assert data.x_train.shape == (len(published.x_train), 28, 28)
    assert data.x_train.dtype == data.x_test.dtype == np.uint8
    assert (data.y_test == published.y_test).all() and data.digest == published.digest
    assert np.abs(data.x_test[0] / 255 - normalize(published.x_test[0] / 255)).max() <= 0.5 / 255 + 1e-6


def test_mnist_stays_as_published(mnist):
    assert (load_dataset("mnist").x_test[:100] == load_mnist().x_test[:100]).all()
