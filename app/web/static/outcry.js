/* Small comforts. Every page does everything without this file; nothing is stored, nothing is sent. */
"use strict";

(() => {
  const all = (selector) => document.querySelectorAll(selector);

  // Copying: the buttons are hidden until there is a script that can do it.
  const textOf = (button) => {
    if (button.dataset.copyText !== undefined) return button.dataset.copyText;
    const source = document.getElementById(button.dataset.copy);
    return source.value === undefined ? source.innerText.trim() : source.value;
  };
  if (navigator.clipboard) {
    for (const button of all("[data-copy], [data-copy-text]")) {
      const words = button.innerHTML;
      button.hidden = false;
      button.setAttribute("aria-live", "polite");
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(textOf(button));
        button.textContent = button.dataset.done;
        setTimeout(() => { button.innerHTML = words; }, 4000);
      });
    }
  }

  // Printing: an ordinary button where there is a script, the browser's own menu where not.
  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // Leaving quickly: the page is hidden at once, and "back" does not lead to it again.
  for (const way of all("[data-leave]")) {
    way.addEventListener("click", (event) => {
      event.preventDefault();
      document.documentElement.hidden = true;
      location.replace(way.href);
    });
  }

  // Characters left. They are counted as the server counts them: by code point.
  for (const line of all("[data-count-for]")) {
    const box = document.getElementById(line.dataset.countFor);
    const show = () => {
      const left = Number(box.dataset.limit) - [...box.value.trim()].length;
      const over = left < 0;
      line.hidden = false;
      line.classList.toggle("over", over);
      line.textContent = line.dataset[over ? "over" : "left"].replace("{n}", Math.abs(left));
    };
    box.addEventListener("input", show);
    show();
  }

  // A second press within five seconds is not sent. The server would ignore it anyway, by its token.
  for (const form of all("form[method='post']")) {
    let pressed = 0;
    form.addEventListener("submit", (event) => {
      if (Date.now() - pressed < 5000) return event.preventDefault();
      pressed = Date.now();
      const button = event.submitter;
      if (!button) return undefined;
      button.setAttribute("aria-disabled", "true");
      setTimeout(() => button.removeAttribute("aria-disabled"), 5000);
      return undefined;
    });
  }

  // How long is left: refreshed each minute, never counting seconds.
  const language = document.documentElement.lang;
  const refresh = () => {
    for (const place of all("[data-until]")) {
      const minutes = Math.floor((Date.parse(place.dataset.until) - Date.now()) / 60000);
      if (minutes < 1) continue;
      const [unit, count] = minutes >= 2880 ? ["day", Math.floor(minutes / 1440)]
        : minutes >= 120 ? ["hour", Math.floor(minutes / 60)] : ["minute", minutes];
      const time = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" });
      place.textContent = place.dataset.words.replace("{t}", time.format(count));
    }
  };
  setInterval(refresh, 60000);
})();
