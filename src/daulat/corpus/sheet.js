
"use strict";
(() => {
  const main = document.querySelector("main"), told = document.getElementById("told");
  const code = document.getElementById("code"), articles = [...main.querySelectorAll("article")];
  let unsaved = false;
  document.querySelectorAll(".screen").forEach((part) => { part.hidden = false; });

  const answer = (article) => {
    const verdict = article.querySelector("input[type=radio]:checked");
    const reasons = [...article.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value);
    return { document: article.dataset.document, verdict: verdict && verdict.value, reasons,
             note: article.querySelector("textarea").value.trim() };
  };
  const count = () => {
    const done = articles.filter((article) => answer(article).verdict).length;
    told.textContent = `${done} of ${articles.length} judged` + (unsaved ? "; not saved yet" : "");
  };
  const changed = () => { unsaved = true; count(); };
  main.addEventListener("input", (event) => {
    const article = event.target.closest("article");
    if (event.target.value === "bad" && event.target.type === "radio") {
      article.querySelector("details:not(.rest)").open = true;
    }
    changed();
  });

  const save = () => {
    if (!/^[A-Za-z0-9-]{2,20}$/.test(code.value.trim())) {
      code.setAttribute("aria-invalid", "true");
      told.textContent = "Choose a code first: 2 to 20 letters or digits, not your name.";
      code.focus();
      return;
    }
    code.removeAttribute("aria-invalid");
    const answers = articles.map(answer), judgements = answers.filter((one) => one.verdict);
    if (!judgements.length) {
      told.textContent = "Nothing is judged yet.";
      return;
    }
    const left = answers.flatMap((one, row) => !one.verdict && (one.note || one.reasons.length) ? [row + 1] : []);
    const { form, corpus, language, samples, sheet } = main.dataset;
    const file = { form, corpus, language, samples: Number(samples), sheet, reviewer: code.value.trim(), judgements };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1) + "\n"], { type: "application/json" }));
    link.download = `verdicts-${language}-${file.reviewer}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = left.length > 0;
    told.textContent = `Saved ${judgements.length} of ${articles.length} as ${link.download}.`
      + (left.length ? ` Left out, for they say why but not what: ${left.join(", ")}.` : "");
  };
  document.getElementById("save").addEventListener("click", save);
  code.addEventListener("keydown", (event) => { if (event.key === "Enter") save(); });

  const open = async (event) => {
    try {
      const file = JSON.parse(await event.target.files[0].text());
      if (file.sheet !== main.dataset.sheet) throw new Error("another sheet");
      for (const one of file.judgements) {
        const article = articles.find((found) => found.dataset.document === one.document);
        [...article.querySelectorAll("input")].forEach((box) => {
          box.checked = box.type === "radio" ? box.value === one.verdict : one.reasons.includes(box.value);
        });
        article.querySelector("textarea").value = one.note;
        article.querySelector("details:not(.rest)").open = one.verdict === "bad";
      }
      code.value = file.reviewer;
      unsaved = false;
      count();
    } catch {
      told.textContent = "That file was not saved from this sheet.";
    }
  };
  document.getElementById("open").addEventListener("change", open);

  let here = -1;
  const go = (to) => {
    here = Math.max(0, Math.min(articles.length - 1, to));
    articles.forEach((article, row) => article.classList.toggle("here", row === here));
    articles[here].scrollIntoView({ block: "start" });
    const radio = articles[here].querySelector("input[type=radio]:checked") || articles[here].querySelector("input");
    radio.focus({ preventScroll: true });
  };
  main.addEventListener("focusin", (event) => { here = articles.indexOf(event.target.closest("article")); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea,#code,#open")) return;
    if (event.key === "n" || event.key === "N") go(here + 1);
    else if (event.key === "p" || event.key === "P") go(here - 1);
    else if ("123".includes(event.key) && here >= 0) {
      const radio = articles[here].querySelectorAll("input[type=radio]")[Number(event.key) - 1];
      radio.focus({ preventScroll: true });
      radio.click();
    } else return;
    event.preventDefault();
  });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  count();
})();
