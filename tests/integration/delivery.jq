# SPDX-License-Identifier: Apache-2.0
# Judges what a receiver holds of delivery_program's series: one line for each thing that is wrong.
# Input: lines as component_series prints them. Arguments: $ticks, $series, $native (whether
# exponential histograms are sent), all numbers.

def sum_of_durations($k): ($k / 8 | floor) * 28 + ([range(1; $k % 8 + 1)] | add // 0);
def durations_up_to($le; $k): ($k / 8 | floor) * ($le + 1) + ([$k % 8, $le] | min);

# What a series must be after tick $k; null: there must be no such series.
def expected($k): (.series // "0" | tonumber) as $s | .__name__ as $name |
    if $name == "delivery_ticks_total" then $k * ($s + 1)
    elif $name == "delivery_level" then $k + $s / 8
    elif $name == "delivery_balance" then $k % 2
    elif $name == "delivery_duration_seconds_count" then $k
    elif $name == "delivery_duration_seconds_sum" then sum_of_durations($k)
    elif $name == "delivery_duration_seconds_bucket" then
        if .le == "+Inf" then $k else durations_up_to(.le | tonumber; $k) end
    elif $name == "target_info" then 1
    elif $name == "delivery_size_bytes" and $native == 1 then $k
    else null end;

# A native histogram counts by its count.
def numbers: [.values[] | .[1] | tonumber] + [.histograms[] | .[1].count | tonumber];
def times: [.values[] | .[0]] + [.histograms[] | .[0]];

def judge: .metric as $metric | ($metric | tojson) as $who |
    numbers as $numbers | times as $times |
    if ($metric | expected(1)) == null then "\($who) is not to be expected"
    else
        [range(1; $ticks + 1), $ticks | . as $k | $metric | expected($k)] as $wanted |
        (if ($numbers | length) != ($wanted | length) then
            "\($who): \($numbers | length) samples, expected \($wanted | length)" else empty end),
        ([range(0; [($numbers | length), ($wanted | length)] | min) |
            select($numbers[.] != $wanted[.])] | first |
            select(. != null) |
            "\($who): sample \(. + 1) is \($numbers[.]), expected \($wanted[.])"),
        (if any(range(1; $times | length); $times[. - 1] >= $times[.]) then
            "\($who): times do not increase" else empty end)
    end;

# Besides: how many series there are.
[inputs] | . as $all |
($all[] | judge),
(3 * $series + 6 + 1 + $native) as $count |
(if ($all | length) != $count then "\($all | length) series, expected \($count)" else empty end)
