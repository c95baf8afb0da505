/* The work that is asked of a browser when many forms come in. Loaded on that one page only. */
import "./altcha.min.js";

const place = document.querySelector("[data-challenge]");
const words = JSON.parse(place.dataset.words);
const language = document.documentElement.lang;

// Everything comes from this site: the worker too, so that the page's policy need not be opened.
globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(place.dataset.worker));
globalThis.$altcha.i18n.set(language, { ...globalThis.$altcha.i18n.get("en"), ...words });

const widget = document.createElement("altcha-widget");
widget.setAttribute("language", language);
widget.setAttribute("auto", "onload");
widget.setAttribute("challenge", place.dataset.challenge);
widget.setAttribute("configuration", JSON.stringify({
  hideFooter: true, hideLogo: true, humanInteractionSignature: false, minDuration: 0,
}));
place.append(widget);
document.querySelector("[data-with-script]").hidden = false;
