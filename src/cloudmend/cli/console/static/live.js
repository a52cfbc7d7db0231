// Keeps the home page up to date: asks for the mends, and looks at the findings again when there is another one.
"use strict";

const EVERY_MS = 2000;
const mends = document.getElementById("mends");
const findings = document.getElementById("findings");
const news = document.getElementById("news");

// Whether there was anything new. What comes is made by our own templates, which escape what is foreign.
async function renew(section, headers) {
  const answer = await fetch(section.dataset.from, { headers });
  if (answer.status === 304) {
    return false;
  }
  if (!answer.ok) {
    throw new Error(`${section.id}: ${answer.status}`);
  }
  const focused = document.activeElement.id;
  section.dataset.tag = answer.headers.get("ETag");
  section.innerHTML = await answer.text();
  document.getElementById(focused)?.focus();
  return true;
}

async function follow() {
  if (document.hidden) {
    return;
  }
  try {
    if (await renew(mends, { "If-None-Match": mends.dataset.tag })) {
      await renew(findings, {});
      news.textContent = `Updated at ${new Date().toISOString().slice(11, 19)} UTC.`;
    }
  } catch {
    news.textContent = "Nothing new can be read. Does cloudmend console still run? Reload the page to see why.";
  }
}

async function followOn() {
  await follow();
  setTimeout(followOn, EVERY_MS);
}

setTimeout(followOn, EVERY_MS);
