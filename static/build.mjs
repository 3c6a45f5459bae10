// Compiles the styles and gathers the few third-party images they name into static/build/,
// which Django serves from our own host with hashed names. Nothing in static/build/ is committed.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const uswds = join(here, "..", "node_modules", "@uswds", "uswds");
const out = join(here, "build");

const ICONS = [
  "arrow_forward", "check_circle", "chevron_right", "close", "error", "event", "expand_more", "file_download",
  "forum", "help", "info", "insights", "language", "launch", "location_on", "lock", "map", "menu", "navigate_before",
  "navigate_next", "print", "rss_feed", "schedule", "search", "verified", "visibility_off", "warning",
];

function compileStyles() {
  const { css } = sass.compile(join(here, "styles", "daylight.scss"), {
    loadPaths: [join(uswds, "packages")],
    style: "compressed",
    quietDeps: true,
    silenceDeprecations: ["global-builtin", "if-function", "import"],
    logger: { warn: (message, { deprecation }) => deprecation || console.warn(message), debug: console.log },
  });
  return css;
}

// USWDS names its images by a path we set to "uswds/"; only those the compiled styles use are copied.
function copyImages(css) {
  const named = new Set([...css.matchAll(/url\("?uswds\/([\w./-]+)"?\)/g)].map((match) => match[1]));
  for (const path of named) {
    const target = join(out, "uswds", path);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(uswds, "dist", "img", path), target);
  }
  return named.size;
}

function iconSprite() {
  const symbols = ICONS.map((name) => {
    const svg = readFileSync(join(uswds, "dist", "img", "usa-icons", `${name}.svg`), "utf8");
    const viewBox = svg.match(/viewBox="([^"]+)"/)[1];
    const body = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    return `<symbol id="${name}" viewBox="${viewBox}">${body}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const css = compileStyles();
writeFileSync(join(out, "daylight.css"), css);
writeFileSync(join(out, "icons.svg"), iconSprite());
const images = copyImages(css);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(
  `${basename(out)}/daylight.css ${kilobytes(css.length)} (${kilobytes(gzipSync(css, { level: 9 }).length)} gzipped), ` +
    `${ICONS.length} icons, ${images} images`,
);
