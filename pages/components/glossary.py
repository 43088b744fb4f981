"""Ten terms of the field, each in a sentence or two, for the help beside them on screen."""

TERMS = {
    "accuracy": "The share of images whose predicted digit is the true one.",
    "loss": "Mean cross-entropy: how far the predicted probabilities are from the true digit. It also falls when a "
    "correct prediction becomes more confident; lower is better.",
    "epoch": "One pass of the training over all training images.",
    "batch size": "How many images the model sees before its weights are changed. Larger batches train faster, with "
    "fewer changes in an epoch.",
    "learning rate": "How far each step of the training changes the weights. Too large diverges, too small learns "
    "slowly.",
    "confidence": "The probability that the model gives to its predicted digit.",
    "calibration": "Whether confidences mean what they say: of the predictions with 90% confidence, 90% should be "
    "correct.",
    "confusion matrix": "How often each digit was predicted as each other. Rows are the actual digits, columns the "
    "predicted ones; the diagonal is correct.",
    "precision": "Of the images predicted as a digit, the share that are that digit.",
    "recall": "Of a digit's images, the share predicted as that digit.",
}


def definition(term: str) -> str:
    """The term's meaning as Markdown, for a widget's `help`. Raises KeyError for a term that is not here."""
    return f"**{term.capitalize()}**: {TERMS[term]}"
