using System.Diagnostics;
using NUnit.Framework;

namespace GovChain.Tests;

/// <summary>
/// SoftHSM with a configuration and tokens of one test's own: a PKCS#11 module as hardware has one, in software. A test that needs it
/// is skipped, with the reason, where it is not installed; continuous integration installs it.
/// </summary>
internal sealed class SoftHsm : IDisposable
{
    /// <summary>The PIN of every token made here.</summary>
    public const string Pin = "an officer's PIN 4711";

    /// <summary>What tells SoftHSM where its configuration is.</summary>
    public const string Variable = "SOFTHSM2_CONF";

    private static readonly string[] Places =
    [
        "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    ];

    private readonly string _directory;

    private SoftHsm(string module)
    {
        Module = module;
        _directory = Directory.CreateTempSubdirectory("govchain-softhsm-").FullName;
        Directory.CreateDirectory(TokenDirectory);
        File.WriteAllText(ConfigurationFile,
            $"directories.tokendir = {TokenDirectory}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n");
        PinFile = WritePin("pin", Pin);
    }

    /// <summary>The module's file.</summary>
    public string Module { get; }

    /// <summary>The value of <see cref="Variable"/> for this one.</summary>
    public string ConfigurationFile => Path.Combine(_directory, "softhsm2.conf");

    /// <summary>Where the tokens are.</summary>
    public string TokenDirectory => Path.Combine(_directory, "tokens");

    /// <summary>A file with the PIN that only its owner may read.</summary>
    public string PinFile { get; }

    /// <summary>Makes an empty SoftHSM, or skips the test.</summary>
    public static SoftHsm Require()
    {
        if (Array.Find(Places, File.Exists) is { } module)
            return new SoftHsm(module);
        throw new IgnoreException("libsofthsm2.so is not installed here. On Debian: apt-get install softhsm2");
    }

    /// <summary>Makes a token.</summary>
    public SoftHsm WithToken(string label)
    {
        Run("--init-token", "--free", "--label", label, "--so-pin", "security officer", "--pin", Pin);
        return this;
    }

    /// <summary>Puts a private key, PKCS#8 in PEM, into a token.</summary>
    public void Import(string label, string name, string id, string pem)
    {
        string file = Path.Combine(_directory, $"{name}.pem");
        File.WriteAllText(file, pem);
        Run("--import", file, "--token", label, "--label", name, "--id", id, "--pin", Pin);
    }

    /// <summary>The URI of a key in one of its tokens.</summary>
    public string UriOf(string token, string key, string more = "") => $"pkcs11:token={token};object={key}?module-path={Module}{more}";

    /// <summary>A file with another PIN.</summary>
    public string WritePin(string name, string pin, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        string file = Path.Combine(_directory, name);
        File.WriteAllText(file, pin + "\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, mode);
        return file;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private void Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("softhsm2-util", [.. arguments, "--module", Module]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = ConfigurationFile;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"softhsm2-util {arguments[0]}: {output}{error.Result}");
    }
}
