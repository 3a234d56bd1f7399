# SPDX-License-Identifier: Apache-2.0
# Makes one line per case and per ratio of what several processes of each program printed. A process
# lies in memory in its own way, and keeps it: what that costs is no property of the code. Wants
# --slurp.
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;

# Four digits, as the programs print.
def short:
  if . == 0 then 0
  else (fabs | log10 | floor | exp10) as $unit | (. / $unit * 1000 | round) * $unit / 1000
  end | tostring | tonumber;

def in_order: group_by(.key) | sort_by(.[0].at) | map(map(.line));

map(select(.median)) as $figures |
($figures | group_by([.program, .case]) | map({
  key: "\(.[0].program) \(.[0].case)", value: (map(.min) | min)}) | from_entries) as $fastest |
to_entries | map({at: .key, line: .value, key: [.value.program, .value.case, .value.against]}) |
in_order[] |
if .[0].median then
  .[0] + {
    min: (map(.min) | min), median: (map(.median) | median), max: (map(.max) | max),
    rounds: (map(.rounds) | add)} +
  (if .[0].done then {done: (map(.done) | add), dropped: (map(.dropped) | add)} else {} end)
elif .[0].ratio then
  .[0] + {
    min: (map(.min) | min), max: (map(.max) | max),
    ratio: (if .[0].rule == "fastest" then
        $fastest["\(.[0].program) \(.[0].case)"] / $fastest["\(.[0].program) \(.[0].against)"] | short
      elif .[0].rule == "most" then map(.ratio) | max
      else map(.ratio) | median end)}
else .[] end
