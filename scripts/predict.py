"""Read digits from picture files.

python3 scripts/predict.py form.png photo.jpg
python3 scripts/predict.py --json --run shipped *.png
"""

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import json
import sys

sys.path.insert(0, str(environment.PROJECT))

from digit_core import DigitError, Recognizer
from digit_core.preprocessing.image_files import open_picture


def main() -> int:
    """Read each file and print what it says; returns 1 if one could not be read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "pictures", nargs="+", metavar="PICTURE", help="a PNG, JPEG, ... of one digit or a line of them"
    )
    parser.add_argument("--run", help="the run to read with (default: the one that reads now)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a picture")
    arguments = parser.parse_args()
    try:
        recognizer = Recognizer.load(arguments.run)
    except DigitError as error:
        print(error, file=sys.stderr)
        return 1
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
        digits = [digit.prediction for digit in number.digits]
        if arguments.json:
            print(
                json.dumps(
                    {
                        "picture": path,
                        "text": number.text,
                        "digits": [
                            {
                                "digit": prediction.digit,
                                "confidence": round(prediction.confidence, 6),
                                "is_digit": prediction.is_digit,
                                "box": list(read.box),
                            }
                            for read in number.digits
                            for prediction in [read.prediction]
                        ],
                    }
                )
            )
        else:
            least = min(prediction.confidence for prediction in digits)
            doubt = "" if all(prediction.is_digit for prediction in digits) else "  (not everything looks like a digit)"
            print(f"{path}: {number.text}  {least:.1%} sure{doubt}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
