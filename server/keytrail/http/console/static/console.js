// What pages do in the browser besides htmx: the stream of events, the sheet, and the buttons that copy.
"use strict";

const MOST_ROWS = 500;
const byId = (id) => document.getElementById(id);

let source = null;
let listensTo = "";
let lastId = "";

function listen() {
  const url = (byId("events") || document.body).dataset.stream || "";
  if (source && url === listensTo) return;
  stop();
  listensTo = url;
  if (!url) return;
  // A stream that was paused goes on behind the last event that it has sent.
  source = new EventSource(lastId ? url.replace(/after=\d+/, "after=" + lastId) : url);
  source.addEventListener("clock", (message) => {
    lastId = message.lastEventId;
    if (byId("clock").innerHTML !== message.data) byId("clock").innerHTML = message.data;
  });
  source.addEventListener("rows", (message) => {
    lastId = message.lastEventId;
    addRows(message.data);
  });
}

function stop() {
  if (source) source.close();
  source = null;
}

function addRows(html) {
  const rows = byId("rows");
  if (!rows) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = html; // the server has escaped what is in it
  const count = fresh.content.querySelectorAll("tr").length;
  for (const row of fresh.content.children) row.classList.add("fresh");
  const added = [...fresh.content.children];
  rows.prepend(fresh.content);
  added.forEach((row) => htmx.process(row));
  while (rows.children.length > MOST_ROWS) rows.lastElementChild.remove();
  say(count === 1 ? "1 new event" : count + " new events");
}

function say(text) {
  byId("said").textContent = text;
}

document.addEventListener("click", (click) => {
  const button = click.target.closest("button");
  if (!button) return;
  if (button.id === "pause") {
    const paused = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", paused);
    button.textContent = paused ? "Go on" : "Pause";
    byId("live-state").textContent = paused ? "paused" : "live";
    if (paused) stop();
    else listen();
  } else if ("copy" in button.dataset) {
    copy(button, button.parentElement.querySelector("pre"));
  }
});

async function copy(button, element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    button.textContent = "Copied";
    say("Copied");
  } catch {
    getSelection().selectAllChildren(element); // no clipboard without a secure origin: the person copies it
    button.textContent = "Selected";
  }
}

document.addEventListener("htmx:afterSwap", (swap) => {
  if (swap.detail.target.id === "sheet-content" && !byId("sheet").open) byId("sheet").showModal();
});
document.addEventListener("htmx:afterSettle", (swap) => {
  if (swap.detail.target.id === "events" || swap.detail.elt.id === "events") {
    lastId = "";
    listen();
  }
});
byId("sheet").addEventListener("click", (click) => {
  if (click.target === byId("sheet")) byId("sheet").close(); // beside it
});
listen();
