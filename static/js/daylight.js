// Comforts only: every page works without this file.

// The phone menu closes on Escape and on a tap elsewhere, as people expect of menus.
const menu = document.querySelector("details.menu");
if (menu) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
}

// After a refused form the summary of errors is read out first.
document.querySelector(".error-summary")?.focus();

// A table opened for reading is also opened for printing.
addEventListener("beforeprint", () => {
  for (const disclosure of document.querySelectorAll("details.disclosure")) disclosure.open = true;
});
