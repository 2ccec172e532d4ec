using GovChain.Client.Keys;
using GovChain.Node.Commands;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Two departments found a ledger by joining files, with the commands that they would use: keys at home, one assembles, all review and
/// sign. At each step what is missing, altered or meant for something else is refused.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class JoiningTest
{
    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-test-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    [CancelAfter(240_000)]
    public async Task Departments_FoundALedgerByTheirJoiningFiles(CancellationToken cancellation)
    {
        await File.WriteAllTextAsync(At("passphrase"), "several words that nobody knows", cancellation);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(At("passphrase"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await JoinAsync("health");
        await JoinAsync("justice");
        string health = At("health.json"), justice = At("justice.json"), genesis = At("genesis.json");

        // Not signed by all its keys: it says which, and founds nothing.
        await SignAsync("joining", health, "health-validator");
        await SignAsync("joining", health, "health-admin");
        await SignAsync("joining", justice, "justice-validator");
        ProgramRun half = await RunAsync(ExitCode.VerificationFailed, "joining", "inspect", justice);
        Assert.That(half.Output, Does.Contain("the validator, key").And.Contain("NOT SIGNED"));
        Assert.That(half.Error, Does.Contain("the administrator admin-1 has not signed"));
        ProgramRun early = await CreateAsync(ExitCode.VerificationFailed, "two-registers", health, justice);
        Assert.That(early.Error, Does.Contain(justice).And.Contain("the administrator admin-1 has not signed"));
        ProgramRun stranger = await RunAsync(ExitCode.Keys, "joining", "sign", justice, "--key", At("health-admin.pem"), "--passphrase-file", At("passphrase"));
        Assert.That(stranger.Error, Does.Contain("it does not name the key"));
        await SignAsync("joining", justice, "justice-admin");
        ProgramRun whole = await RunAsync(ExitCode.Ok, "joining", "inspect", justice);
        Assert.That(whole.Output, Does.Contain("justice joins the network two-registers at localhost:7443").And.Contain("name (de) Amt justice").And.Not.Contain("NOT SIGNED"));

        // For another network, twice, or altered: refused, and no file is written.
        ProgramRun other = await CreateAsync(ExitCode.VerificationFailed, "production", health, justice);
        Assert.That(other.Error, Does.Contain("for the network two-registers, and this is production"));
        File.Copy(health, At("copy.json"));
        Assert.That((await CreateAsync(ExitCode.Usage, "two-registers", health, At("copy.json"))).Error, Does.Contain("another file is of health"));
        string text = await File.ReadAllTextAsync(justice, cancellation);
        string body = text.Split("\"body\": \"")[1].Split('"')[0];
        byte[] bytes = Convert.FromBase64String(body);
        bytes[bytes.AsSpan().IndexOf("localhost"u8)] = (byte)'m';
        await File.WriteAllTextAsync(At("altered.json"), text.Replace(body, Convert.ToBase64String(bytes), StringComparison.Ordinal), cancellation);
        Assert.That((await CreateAsync(ExitCode.VerificationFailed, "two-registers", health, At("altered.json"))).Error, Does.Contain("is not over what the file says"));
        Assert.That(File.Exists(genesis), Is.False);

        await CreateAsync(ExitCode.Ok, "two-registers", justice, health);
        await SignAsync("genesis", genesis, "health-validator");
        ProgramRun unsigned = await RunAsync(ExitCode.VerificationFailed, "genesis", "inspect", genesis, "--joining", health, justice);
        Assert.That(unsigned.Error, Does.Contain("justice has not signed yet"));
        await SignAsync("genesis", genesis, "justice-validator");
        ProgramRun founded = await RunAsync(ExitCode.Ok, "genesis", "inspect", genesis, "--joining", health, justice);
        Assert.That(founded.Output, Does.Contain("2 departments vote, and 2 make a quorum").And.Contain("name (de) Amt health").And.Not.Contain("NOT SIGNED"));
        ProgramRun different = await RunAsync(ExitCode.VerificationFailed, "genesis", "inspect", genesis, "--joining", At("altered.json"));
        Assert.That(different.Error, Does.Contain("not as justice asked").And.Contain("Do not sign it"));
        Assert.That(different.Output, Is.Empty);
    }

    /// <summary>Makes the department's keys, and its joining file without signatures.</summary>
    private async Task JoinAsync(string id)
    {
        string[] keys = ["validator", "admin"];
        for (int i = 0; i < keys.Length; i++)
        {
            using ISigner signer = KeyOptions.Create(At($"{id}-{keys[i]}.pem"), At("passphrase"));
            keys[i] = signer.PublicKey.ToString();
        }
        ProgramRun made = await RunAsync(
            ExitCode.Ok, "joining", "create", id, "--network", "two-registers", "--title", $"en=The {id} registry", "--title", $"de=Amt {id}",
            "--endpoint", "localhost:7443", "--validator-key", keys[0], "--administrator", $"admin-1={keys[1]}", "-o", At($"{id}.json"));
        Assert.That(made.Output, Does.Contain(keys[0]).And.Contain(keys[1]));
    }

    private Task<ProgramRun> SignAsync(string command, string file, string key) =>
        RunAsync(ExitCode.Ok, command, "sign", file, "--key", At($"{key}.pem"), "--passphrase-file", At("passphrase"));

    private Task<ProgramRun> CreateAsync(int code, string network, params string[] joining) =>
        RunAsync(code, ["genesis", "create", "--network", network, "-o", At("genesis.json"), "--joining", .. joining]);

    private static async Task<ProgramRun> RunAsync(int code, params string[] arguments)
    {
        ProgramRun run = await ProgramRun.GovchainAsync(arguments);
        Assert.That(run.ExitCode, Is.EqualTo(code), $"govchain {string.Join(' ', arguments)}: {run.Output} {run.Error}");
        Assert.That(run.ErrorLines, Has.Length.EqualTo(code == ExitCode.Ok ? 0 : 1), run.Error);
        return run;
    }

    private string At(string file) => Path.Combine(_directory, file);
}
