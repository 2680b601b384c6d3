class ClaudeSessions < Formula
  desc "Keeps every Claude Code session, and finds anything in them"
  url "@URL@"
  version "@VERSION@"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "rust" => :build

  def install
    build = ["cargo", "build", "--locked", "--profile", "dist"]
    system(*build, "--package", "sessions-cli", "--package", "sessions-daemon")
    bin.install "target/dist/sessions", "target/dist/sessionsd"
    # It runs at each event of Claude Code: small, so that it starts at once.
    ENV["CARGO_PROFILE_DIST_OPT_LEVEL"] = "z"
    system(*build, "--package", "sessions-hook")
    bin.install "target/dist/sessions-hook"

    generate_completions_from_executable(bin/"sessions", "completions")
    mkdir "man"
    system bin/"sessions", "man", "man"
    man1.install Dir["man/*.1"], Dir["packaging/man/*.1"]
    pkgshare.install "packaging/plugin"
  end

  def caveats
    <<~EOS
      "sessions setup" ties it to Claude Code and to launchd or systemd, once you agree to each change shown.
      "sessions uninstall" takes that back: run it before you uninstall this formula.
    EOS
  end

  test do
    ENV["SESSIONS_HOME"] = testpath/"home"
    ENV["CLAUDE_CONFIG_DIR"] = testpath/"config"
    (testpath/"config").mkpath
    assert_match version.to_s, shell_output("#{bin}/sessions --version")
    assert_match version.to_s, shell_output("#{bin}/sessionsd --version")
    pipe_output(bin/"sessions-hook", "", 0)
    # It starts the daemon.
    assert_match '"schema"', shell_output("#{bin}/sessions status --json")
  ensure
    system bin/"sessions", "daemon", "stop"
  end
end
