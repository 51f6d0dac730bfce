// A token that was just issued: shown once, to be copied.
const issue = document.getElementById("issue");
const secret = document.getElementById("secret");

issue.addEventListener("carried-out", ({ detail }) => {
  secret.textContent = detail.token;
  const shown = document.getElementById("issued");
  shown.hidden = false;
  shown.focus();
  issue.reset();
});

document.getElementById("copy").addEventListener("click", async ({ target }) => {
  // Browsers lend the clipboard over https alone; elsewhere what is to be copied is marked.
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(secret.textContent);
    target.textContent = "Copied";
  } else {
    getSelection().selectAllChildren(secret);
  }
});
