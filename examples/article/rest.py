"""The article's REST call: python3 rest.py [URL] PICTURE."""

import base64
import sys

import requests


def recognize(url: str, path: str) -> None:
    with open(path, "rb") as picture:
        image = base64.b64encode(picture.read()).decode()
    response = requests.post(
        f"{url}/api/v1/recognize", json={"image_base64": image, "model_id": "face_detection_v1"}, timeout=10
    )
    print(response.status_code, response.json())


if __name__ == "__main__":
    recognize(sys.argv[1] if len(sys.argv) > 2 else "http://localhost:8000", sys.argv[-1])
