// What the pictures of the same tab show, in words: the stage tells it when it draws them, never before.
let told = null;
hear("cam-shown", ({ said }) => {
  // the same words are not read out twice
  if (said !== told) element.querySelector(".shown").innerHTML = said;
  told = said;
});
