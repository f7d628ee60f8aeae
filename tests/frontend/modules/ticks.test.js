import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { load } from "./static.js";

const { ticks } = await load("jobs/timeline/ticks.js");
const [MINUTE, DAY] = [60_000, 86_400_000];
/** Zones, and noon of a day on which their clocks change: by an hour, by half an hour, at midnight, or not. */
const CHANGES = [
  ["America/New_York", "2026-11-01T12:00-05:00"],
  ["America/New_York", "2026-03-08T12:00-04:00"],
  ["Europe/London", "2026-10-25T12:00Z"],
  ["Europe/London", "2026-03-29T12:00+01:00"],
  ["Australia/Lord_Howe", "2026-04-05T12:00+10:30"],
  ["Australia/Lord_Howe", "2026-10-04T12:00+11:00"],
  ["America/Havana", "2026-11-01T12:00-05:00"],
  ["America/Havana", "2026-03-08T12:00-04:00"],
  ["Asia/Kathmandu", "2026-01-01T12:00+05:45"],
];

/** The marks of several axes in a time zone, which a process keeps from its start. */
function ticksIn(zone, axes) {
  const script = `
    const { load } = await import("${new URL("static.js", import.meta.url).href}");
    const { ticks } = await load("jobs/timeline/ticks.js");
    console.log(JSON.stringify(${JSON.stringify(axes)}.map((axis) => ticks(...axis))));`;
  const options = { env: { ...process.env, TZ: zone }, encoding: "utf-8" };
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "--eval", script], options),
  );
}

/** Texts and numbers of a time by the calendar of a zone, apart from Date's local methods. */
function calendar(timeZone) {
  const format = (options) => new Intl.DateTimeFormat([], { timeZone, ...options });
  const [day, hour] = [format({ day: "numeric", month: "short" }), format({ timeStyle: "short" })];
  const parts = new Intl.DateTimeFormat("en", {
    timeZone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  });
  return (time) => {
    const of = Object.fromEntries(
      parts.formatToParts(time).map(({ type, value }) => [type, Number(value)]),
    );
    return {
      day: day.format(time),
      hour: hour.format(time),
      hours: of.hour,
      minutes: of.hour * 60 + of.minute,
      date: Date.UTC(of.year, of.month - 1, of.day) / DAY,
    };
  };
}

for (const [zone, noon] of CHANGES) {
  const at = calendar(zone);

  test(`each day is marked once where it begins, also a short one: ${zone}, ${noon}`, () => {
    const spans = [3, 5, 8, 20, 60];
    const axes = spans.map((days) => [
      Date.parse(noon) - days * DAY,
      Date.parse(noon) + days * DAY,
      2 * days + 1,
    ]);
    ticksIn(zone, axes).forEach((marks, i) => {
      const days = marks.map(({ time }) => at(time));
      assert.ok(days.length >= spans[i]);
      assert.deepEqual(
        marks.map(({ text }) => text),
        days.map(({ day }) => day),
      );
      // A day without a midnight begins at one.
      assert.ok(days.every(({ hours }) => hours <= 1));
      days.slice(1).forEach(({ date }, n) => assert.equal(date, days[n].date + 1));
    });
  });

  test(`marks are round times in order, also where the clocks change: ${zone}, ${noon}`, () => {
    const steps = [5, 15, 30, 60, 120, 180, 360, 720];
    const starts = Array.from(
      { length: 42 },
      (_, n) => Date.parse(noon) - DAY / 2 - (n - 12) * 15 * MINUTE,
    );
    const axes = steps.flatMap((step) =>
      starts.map((start) => [start, start + 20 * step * MINUTE, 20]),
    );
    ticksIn(zone, axes).forEach((marks, i) => {
      const step = steps[Math.floor(i / starts.length)];
      assert.ok(marks.length >= 17 && marks.length <= 22);
      marks.slice(1).forEach(({ time }, n) => assert.ok(time > marks[n].time));
      for (const { time, text } of marks) {
        const { day, hour, minutes } = at(time);
        assert.equal(minutes % step, 0);
        assert.ok(text === hour || text === day);
      }
      const days = marks.filter(({ time, text }) => text === at(time).day).map(({ text }) => text);
      assert.equal(new Set(days).size, days.length);
    });
  });
}

for (const [from, to] of [
  [-62_135_596_800_000, 253_402_300_799_000],
  [-62_135_596_800_000, -62_135_510_400_000],
  [253_402_214_400_000, 253_402_300_799_000],
  [0, 0],
  [1, 0],
]) {
  test(`the first and the last year have few marks, and only an empty span has none: ${from} to ${to}`, () => {
    const marks = ticks(from, to, 10);
    assert.ok(marks.length <= 12);
    assert.equal(marks.length > 0, from < to);
    assert.ok(marks.every(({ text }) => !/Invalid|NaN/.test(text)));
  });
}
