"""A script with progress bars as tqdm draws them, on standard error; its result is a JSON line."""
import json
import os
import sys
import time

lr = float(os.environ["EVOTOP_PARAM_LR"])
for epoch in range(1, 4):
    for batch in range(0, 11):
        bar = "#" * batch + " " * (10 - batch)
        sys.stderr.write("\r\x1b[32mEpoch %d/3\x1b[0m: %3d%%|%s| %d/10 [00:01<00:02,  4.50it/s, loss=0.3]" % (epoch, batch * 10, bar, batch))
        time.sleep(0.002)
    sys.stderr.write("\n")
print(json.dumps({"score": 1 - lr, "name": "bar", "where": os.environ["EVOTOP_DIR"]}))
