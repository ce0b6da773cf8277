"""Totals of an audit file, by a few lines that know nothing of Sluice's own."""
import collections, json, sys

total = collections.Counter()
digests = collections.defaultdict(collections.Counter)
for line in open(sys.argv[1]):
    record = json.loads(line)
    for counter in (total, digests[record["digest"]]):
        counter["results"] += 1
        counter["rows"] += record["rows"]
        counter["bytes"] += record["bytes"]
        counter["maxBytes"] = max(counter["maxBytes"], record["bytes"])
        counter["maxRow"] = max(counter["maxRow"], record["largestRowBytes"])
        counter["stallMs"] += record["stallMs"]
        counter["cuts"] += record["action"] == "cut"
        counter["wouldCuts"] += record["action"] == "would-cut"
        counter["lowerBounds"] += not record["complete"]
json.dump({"overall": total, "digests": digests}, sys.stdout)
