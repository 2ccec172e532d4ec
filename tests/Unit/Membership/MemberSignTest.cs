using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.Json.Nodes;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Node.Membership;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;

namespace GovChain.Tests.Unit.Membership;

/// <summary>
/// Goal: <c>govchain member sign</c> and <c>inspect</c> without a node: a key that cannot count adds nothing to the file, and what
/// nobody checked is not said to be enough. Real key files. With a node: <c>Integration/MembershipTest</c>.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MemberSignTest : IDisposable
{
    private const int QuickRounds = 10;

    private static readonly TestKey Gamma = new(500), GammaAdmin = new(501);

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-member-").FullName;
    private readonly PlatformSigner _administrator = PlatformSigner.Create(), _validator = PlatformSigner.Create();
    private readonly PlatformSigner _stranger = PlatformSigner.Create();
    private readonly Genesis _genesis;

    public MemberSignTest()
    {
        _genesis = new TestLedger(body =>
        {
            body.Departments[0].ValidatorKey = ByteString.CopyFrom(_validator.PublicKey.Span);
            body.Departments[0].Administrators[0].PublicKey = ByteString.CopyFrom(_administrator.PublicKey.Span);
        }).Genesis;
        File.WriteAllBytes(At("genesis.json"), new GenesisFile(_genesis, []).ToBytes());
        Secret("passphrase", "correct horse");
        foreach ((string name, PlatformSigner key) in new[] { ("administrator", _administrator), ("validator", _validator), ("stranger", _stranger) })
        {
            using var passphrase = new Passphrase("correct horse");
            KeyFile.Create(At($"{name}.pem"), key, passphrase, QuickRounds);
        }
        Write(Admit("gamma", Gamma, GammaAdmin));
    }

    public void Dispose()
    {
        foreach (PlatformSigner key in new[] { _administrator, _validator, _stranger })
            key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public async Task Sign_ByAFounder_CountsByTheGenesis_AndInspectEndsWithZeroOnceAllIsThere()
    {
        Assert.That(await SignAsync("administrator", "--genesis", At("genesis.json")), Is.EqualTo(ExitCode.Ok));
        Assert.That(Signers(), Is.EqualTo(new[] { _administrator.PublicKey }));
        Assert.That(await InspectAsync("--genesis", At("genesis.json")), Is.EqualTo(ExitCode.VerificationFailed), "beta is missing, and the new key");
        MembershipFile file = Read();
        foreach (TestKey key in new[] { TestLedger.BetaAdmin, Gamma })
            file = file.With(key.Public, key.Sign(file.SigningDigest));
        File.WriteAllBytes(At("change.json"), file.ToBytes());
        Assert.That(await InspectAsync("--genesis", At("genesis.json")), Is.EqualTo(ExitCode.Ok));
        Assert.That(await InspectAsync(), Is.EqualTo(ExitCode.VerificationFailed), "nobody was asked");
    }

    [Test]
    public async Task Sign_WithAKeyThatCannotCount_LeavesTheFileAsItWas()
    {
        byte[] before = File.ReadAllBytes(At("change.json"));
        Assert.That((await RefusedAsync("validator", "--genesis", At("genesis.json"))).ExitCode, Is.EqualTo(ExitCode.Keys));
        Assert.That(File.ReadAllBytes(At("change.json")), Is.EqualTo(before));
        // One of the administrators that come with the newcomer: the file itself says so.
        MembershipChange own = Admit("gamma", Gamma, GammaAdmin);
        own.Administrators[0].PublicKey = ByteString.CopyFrom(_stranger.PublicKey.Span);
        Write(own);
        before = File.ReadAllBytes(At("change.json"));
        Assert.That((await RefusedAsync("stranger")).ExitCode, Is.EqualTo(ExitCode.Keys));
        Assert.That(File.ReadAllBytes(At("change.json")), Is.EqualTo(before));
    }

    [Test]
    public async Task Sign_WithAKeyThatNobodyHereKnows_IsTaken()
    {
        // Who was enrolled since the founding only a node knows.
        Assert.That(await SignAsync("stranger", "--genesis", At("genesis.json")), Is.EqualTo(ExitCode.Ok));
        Assert.That(await SignAsync("administrator", "--unchecked"), Is.EqualTo(ExitCode.Ok));
        Assert.That(Signers(), Is.EquivalentTo(new[] { _administrator.PublicKey, _stranger.PublicKey }));
    }

    [Test]
    public async Task Sign_AChangeThatHasExpired_OrByAGenesisThatCannotKnow_IsRefused()
    {
        MembershipChange change = Admit("gamma", Gamma, GammaAdmin);
        change.ExpiresAtMs = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 1;
        Write(change, renew: false);
        Assert.That((await RefusedAsync("administrator", "--unchecked")).Rejection?.Code, Is.EqualTo(RejectionCode.Expired));
        Write(Admit("gamma", Gamma, GammaAdmin, epoch: 1));
        Assert.That((await RefusedAsync("administrator", "--genesis", At("genesis.json"))).Message, Does.Contain("epoch 0 only"));
        Write(Admit("gamma", Gamma, GammaAdmin), Sha256.Hash("another"u8));
        Assert.That((await RefusedAsync("administrator", "--genesis", At("genesis.json"))).Message, Does.Contain("is of the ledger"));
        Assert.That(Signers(), Is.Empty);
    }

    [Test]
    public void Next_SaysWhatIsToBeDone_UntilTheChangeCanBeSubmitted()
    {
        MembershipFile file = Read();
        Assert.That(Next(file, ApprovalReview.ByFile), Does.StartWith("a node says who must still sign (govchain member inspect c.json").And.Contain("VALIDATOR-KEY-FILE"));
        Assert.That(Next(file, ByGenesis), Does.StartWith("administrators of 2 departments sign it (govchain member sign c.json --key KEY-FILE); the new validator key"));
        file = file.With(_administrator.PublicKey, _administrator.Sign(file.SigningDigest));
        Assert.That(Next(file, ByGenesis), Does.StartWith("administrators of 1 more department sign it"));
        file = file.With(TestLedger.BetaAdmin.Public, TestLedger.BetaAdmin.Sign(file.SigningDigest));
        Assert.That(Next(file, ByGenesis), Is.EqualTo("the new validator key signs it (govchain member sign c.json --key VALIDATOR-KEY-FILE)"));
        file = file.With(Gamma.Public, Gamma.Sign(file.SigningDigest));
        Assert.That(Next(file, ByGenesis), Is.EqualTo("any officer submits it (govchain member submit c.json)"));

        static string Next(MembershipFile file, Func<MembershipFile, ApprovalReview> review) => MemberText.Next("c.json", file, review(file));

        ApprovalReview ByGenesis(MembershipFile signed) => ApprovalReview.ByGenesis(signed, _genesis);
    }

    [Test]
    public void Members_AreListedWithTheirKeys_AndInJsonToo()
    {
        var status = new GetStatusResponse
        {
            Departments = 2,
            Quorum = 2,
            Validators = { "alpha", "beta" },
            ValidatorKeys = { _validator.PublicKey.ToString(), Gamma.Public.ToString() },
        };
        Assert.That(MemberText.Members(status, ["delta"]), Is.EqualTo(new[]
        {
            "Epoch 0: 2 departments vote, and 2 make a quorum.", $"  alpha  {_validator.PublicKey}", $"  beta   {Gamma.Public}", "  delta (observer: no vote)",
        }));
        JsonObject json = MemberText.ToJson(status, ["delta"]);
        Assert.That((string?)json["keys"]!["beta"], Is.EqualTo(Gamma.Public.ToString()));
        Assert.That((string?)json["validators"]![0], Is.EqualTo("alpha"));
        status.SuspendedDepartments.Add("beta");
        Assert.That(MemberText.Members(status, []).Last(), Is.EqualTo($"  beta   {Gamma.Public}  (suspended: its officers sign nothing)"));
        Assert.That((string?)MemberText.ToJson(status, [])["suspended"]![0], Is.EqualTo("beta"));
    }

    private string At(string name) => Path.Combine(_directory, name);

    private void Secret(string name, string text)
    {
        File.WriteAllText(At(name), text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private void Write(MembershipChange change, Digest? chainId = null, bool renew = true)
    {
        if (renew)
            change.ExpiresAtMs = (ulong)DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds();
        File.WriteAllBytes(At("change.json"), new MembershipFile(chainId ?? _genesis.ChainId, new ChangeMembership { Change = change }).ToBytes());
    }

    private MembershipFile Read()
    {
        using var verifier = new PlatformSignatureVerifier();
        return MembershipFile.TryRead(File.ReadAllBytes(At("change.json")), verifier, out string? problem) ?? throw new InvalidDataException(problem);
    }

    private PublicKey[] Signers() => [.. Read().Signers];

    private async Task<CommandException> RefusedAsync(string key, params string[] more) =>
        (await Assert.ThrowsAsync<CommandException>(() => SignAsync(key, more)))!;

    private Task<int> SignAsync(string key, params string[] more) =>
        RunAsync(["sign", At("change.json"), "--key", At($"{key}.pem"), "--passphrase-file", At("passphrase"), .. more]);

    private Task<int> InspectAsync(params string[] more) => RunAsync(["inspect", At("change.json"), .. more]);

    private static async Task<int> RunAsync(string[] arguments) => await MemberCommand.Create().Parse(arguments)
        .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
