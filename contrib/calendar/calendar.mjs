// Tags events with their weekday: `node calendar.mjs bus.json [time zone]`.
import { serve } from "../node/plugin.mjs";

const [file, timeZone = "UTC"] = process.argv.slice(2);
const weekday = new Intl.DateTimeFormat("en", { weekday: "long", timeZone });

await serve(file, { version: "0.1.0" }, {
  enrich_events: ({ events }) =>
    events.map((event) => ({ tags: { weekday: weekday.format(new Date(event.timestamp * 1000)) } })),
});
