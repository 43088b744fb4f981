"""Recognize digits in image files.

python3 scripts/predict.py form.png photo.jpg
python3 scripts/predict.py --json --run shipped *.png
"""

import environment

environment.enter(__name__)

import argparse
import json
import sys

from digit_core import DigitError, Recognizer
from digit_core.inference.recognizer import Number
from digit_core.preprocessing.image_files import open_picture
from scripts.command_line import run_command


def main() -> int:
    """Predict each file and print the result; returns 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="an image of one digit or a line of digits")
    parser.add_argument("--run", help="the run to predict with (default: the active run)")
    parser.add_argument("--json", action="store_true", help="print one JSON object per picture")
    arguments = parser.parse_args()
    recognizer = Recognizer.load(arguments.run)
    failures = 0
    for path in arguments.pictures:
        try:
            number = recognizer.predict_number(open_picture(path))
        except DigitError as error:
            failures += 1
            if arguments.json:
                print(json.dumps({"picture": path, "error": str(error)}))
            else:
                print(f"{path}: {error}", file=sys.stderr)
            continue
        print(json.dumps({"picture": path, **_as_json(number)}) if arguments.json else f"{path}: {_in_words(number)}")
    return 1 if failures else 0


def _as_json(number: Number) -> dict:
    digits = [
        {
            "digit": found.prediction.digit,
            "confidence": round(found.prediction.confidence, 6),
            "is_digit": found.prediction.is_digit,
            "box": list(found.box),
        }
        for found in number.digits
    ]
    return {"text": number.text, "digits": digits}


def _in_words(number: Number) -> str:
    predictions = [found.prediction for found in number.digits]
    lowest = min(prediction.confidence for prediction in predictions)
    note = "" if all(prediction.is_digit for prediction in predictions) else "  (not everything looks like a digit)"
    return f"{number.text}  confidence {lowest:.1%}{note}"


if __name__ == "__main__":
    run_command(main)
