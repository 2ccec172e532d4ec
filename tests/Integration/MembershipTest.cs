using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Node.Membership;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// A department joins four others, one of the four leaves, and one votes with another key, while records come in: real
/// processes, real commands. What was recorded before and after stays provable from the genesis digest alone.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MembershipTest
{
    private const int Joiner = 4, Leaver = 1, Renewer = 2;

    private TestNetwork _network = null!;

    [TearDown]
    public async Task StopAsync() => await _network.DisposeAsync();

    [Test]
    [CancelAfter(240_000)]
    [Category(TestGroup.Joining)]
    public async Task Departments_JoinLeaveAndChangeTheirKeys_EverythingStaysProvable(CancellationToken cancellation)
    {
        // Five are laid out; the fifth is founded out of the genesis, and starts from nothing.
        _network = await TestNetwork.StartAsync(cancellation, founders: Joiner, count: Joiner + 1);
        await _network.DefineTypeAsync(0, "licence", cancellation);
        string before = await RegisterAsync(0, "L-1", cancellation);
        GetStatusResponse observer = await _network.UntilAsync(Joiner, s => s.Height > 0, cancellation);
        Assert.That((observer.Observer, observer.Voting, observer.Epoch), Is.EqualTo((true, false, 0UL)), "it follows and has no vote");

        await AdmitAsync(cancellation);
        await _network.UntilAsync(Joiner, static s => s is { Voting: true, Epoch: 1, Departments: 5, Quorum: 4 }, cancellation);
        string between = await RegisterAsync(0, "L-2", cancellation);

        await ChangeAsync(MembershipKind.Remove, Leaver, null, cancellation);
        GetStatusResponse left = await _network.UntilAsync(Leaver, static s => s is { Observer: true, Epoch: 2 }, cancellation);
        Assert.That(left.Voting, Is.False);
        // The newcomer's vote is needed now: of the four that are left another one is away.
        await _network.Network.Processes[3].StopAsync(TimeSpan.FromSeconds(30));
        await RegisterAsync(0, "L-3", cancellation);
        _network.Network.Launch(3);
        await _network.Network.WaitUntilReadyAsync(3, cancellation);

        KeyOptions.Create(_network.FileOf(Renewer, "validator-2.pem"), _network.FileOf(Renewer, "passphrase")).Dispose();
        await ChangeAsync(MembershipKind.ReplaceKey, Renewer, "validator-2", cancellation);
        GetStatusResponse replaced = await _network.UntilAsync(Renewer, static s => s is { Observer: true, Epoch: 3 }, cancellation);
        Assert.That(replaced.KeyReplaced, Is.True);
        string told = replaced.Alarms.Single(static a => a.Code == "KEY_REPLACED").Text;
        Assert.That(told, Does.Contain(KeyOf(Renewer, "validator-2")).And.Contain("from epoch 3 on").And.Contain("keyFile"));
        Assert.That(told, Does.StartWith($"Block {replaced.Height} gave {_network.Id(Renewer)}"));
        await _network.Network.Processes[Renewer].StopAsync(TimeSpan.FromSeconds(30));
        string configuration = _network.FileOf(Renewer, "node.json");
        File.WriteAllText(configuration, File.ReadAllText(configuration).Replace("validator.pem", "validator-2.pem", StringComparison.Ordinal));
        _network.Network.Launch(Renewer);
        await _network.UntilAsync(Renewer, static s => s is { Voting: true, Epoch: 3 }, cancellation);
        string after = await RegisterAsync(0, "L-4", cancellation);

        // The one that left goes on following and serving.
        await _network.UntilAsync(Leaver, s => s.Lag == 0, cancellation);
        AuditReport[] reports = await _network.AuditAllAsync(cancellation);
        Assert.That(reports, Has.Length.EqualTo(Joiner + 1));
        foreach (string transaction in new[] { before, between, after })
            await VerifyReceiptAsync(transaction, cancellation);
    }

    /// <summary>By the program: proposes, has the new key sign, and submits what a quorum of administrators has signed.</summary>
    private async Task AdmitAsync(CancellationToken cancellation)
    {
        string file = _network.Layout.At("admit.json");
        string administrator = _network.FileOf(0, $"{DevnetBuilder.Administrator}.json");
        string joining = await _network.WriteJoiningFileAsync("joining.json", Joiner, Joiner, "validator");
        string[] propose = ["member", "propose", "admit", _network.Id(Joiner), "--joining", joining, "--profile", administrator, "-o", file, "--reason", "as decided"];
        Assert.That((await ProgramRun.OkAsync(propose)).Output, Does.Contain(KeyOf(Joiner, DevnetBuilder.Administrator)), "who signs sees the keys");
        string used = await _network.WriteJoiningFileAsync("used.json", Joiner, 1, DevnetBuilder.Administrator);
        ProgramRun refused = await ProgramRun.GovchainAsync([.. propose[..5], used, .. propose[6..8], "-o", "never.json", "--json"]);
        Assert.That((refused.ExitCode, refused.Reason), Is.EqualTo((ExitCode.Refused, "KEY_IN_USE")), refused.Error);
        await ProgramRun.OkAsync("member", "sign", file, "--key", _network.FileOf(Joiner, "validator.pem"), "--passphrase-file", _network.FileOf(Joiner, "passphrase"));
        byte[] written = File.ReadAllBytes(file);
        Assert.That((await ProgramRun.GovchainAsync(propose)).ExitCode, Is.EqualTo(ExitCode.Usage), "a file with signatures is not overwritten");
        Assert.That(File.ReadAllBytes(file), Is.EqualTo(written));
        ProgramRun clerk = await SignAsync(file, 0, DevnetBuilder.Clerk, "--profile", administrator);
        Assert.That(clerk.ExitCode, Is.EqualTo(ExitCode.Keys), clerk.Error);
        Assert.That(clerk.Error, Does.Contain($"officer {DevnetBuilder.Clerk} of {_network.Id(0)}, who is no administrator"));
        Assert.That(File.ReadAllBytes(file), Is.EqualTo(written), "a key that does not count adds nothing");
        ProgramRun first = await SignAsync(file, 0, DevnetBuilder.Administrator, "--profile", administrator);
        Assert.That(first.Output, Does.Contain($"signed for {_network.Id(0)} by its administrator").And.Contain("1 of 4 departments have signed and 3 must"));
        ProgramRun second = await SignAsync(file, 2, DevnetBuilder.Administrator, "--genesis", _network.Layout.At("genesis.json"));
        Assert.That(second.Output, Does.Contain($"signed for {_network.Id(2)} by its administrator").And.Contain($"not signed by {_network.Id(1)}, {_network.Id(3)}"));
        ProgramRun early = await ProgramRun.GovchainAsync("member", "submit", file, "--profile", administrator, "--json");
        Assert.That((early.ExitCode, early.Reason), Is.EqualTo((ExitCode.Refused, "INVALID_PROOF")), early.Error);
        Assert.That(early.Error, Does.Contain($"not signed by {_network.Id(1)}, {_network.Id(3)}"));
        using (var verifier = new PlatformSignatureVerifier())
        {
            MembershipFile signed = MembershipFile.TryRead(File.ReadAllBytes(file), verifier, out _)!;
            foreach ((int department, string key) in new[] { (1, DevnetBuilder.Clerk), (3, DevnetBuilder.Administrator) })
                signed = Signed(signed, department, key);
            File.WriteAllBytes(file, signed.ToBytes());
        }
        Assert.That((await ProgramRun.GovchainAsync("member", "inspect", file)).ExitCode, Is.EqualTo(ExitCode.VerificationFailed), "it was not checked");

        ProgramRun submitted = await ProgramRun.OkAsync("member", "submit", file, "--profile", administrator, "--json");
        Assert.That(submitted.Error, Does.Contain($"officer {DevnetBuilder.Clerk} of {_network.Id(1)}, who is no administrator"), "what does not count is left out");
        long height = submitted.Json.GetProperty("height").GetInt64();
        await _network.UntilAsync(0, static s => s.Epoch == 1, cancellation);
        ProgramRun again = await ProgramRun.OkAsync("member", "submit", file, "--profile", administrator, "--json");
        Assert.That(again.Json.GetProperty("alreadyOnLedger").GetBoolean(), Is.True, "by anybody, any number of times");
        Assert.That((again.Json.GetProperty("height").GetInt64(), again.Json.GetProperty("epoch").GetInt64()), Is.EqualTo((height, 1L)));
    }

    private async Task<ProgramRun> SignAsync(string file, int department, string key, params string[] more) => await ProgramRun.GovchainAsync(
        ["member", "sign", file, "--key", _network.FileOf(department, $"{key}.pem"), "--passphrase-file", _network.FileOf(department, "passphrase"), .. more]);

    /// <summary>The same without the program.</summary>
    private async Task ChangeAsync(MembershipKind kind, int subject, string? newKey, CancellationToken cancellation)
    {
        using LedgerClient client = _network.Network.ConnectClient(0);
        GetStatusResponse status = await client.GetStatusAsync(cancellation);
        var change = new MembershipChange
        {
            Kind = (uint)kind,
            Epoch = status.Epoch,
            ExpiresAtMs = (ulong)DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds(),
            Department = _network.Id(subject),
        };
        if (newKey is not null)
            change.ValidatorKey = Google.Protobuf.ByteString.CopyFrom(Convert.FromHexString(KeyOf(subject, newKey)));
        var file = new MembershipFile(_network.ChainId, new ChangeMembership { Change = change });
        foreach (int department in new[] { 0, 2, 3, Joiner }.Take((int)status.Quorum))
            file = Signed(file, department, DevnetBuilder.Administrator);
        if (newKey is not null)
            file = Signed(file, subject, newKey);
        using ISigner officer = Open(0, DevnetBuilder.Administrator);
        SignedEnvelope envelope = new TransactionFactory(_network.ChainId, officer).Create(
            body => body.ChangeMembership = file.Action, (ulong)DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeMilliseconds());
        TransactionOutcome outcome = await TestNetwork.SubmitAsync(client, envelope, cancellation);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably), outcome.Rejection?.Message);
        GetStatusResponse after = await _network.UntilAsync(0, s => s.Epoch == status.Epoch + 1, cancellation);
        Assert.That(after.UptimeMs, Is.GreaterThan(status.UptimeMs), "an epoch is no start of the node");
    }

    private MembershipFile Signed(MembershipFile file, int department, string key)
    {
        using ISigner signer = Open(department, key);
        return file.With(signer.PublicKey, signer.Sign(file.SigningDigest));
    }

    private async Task<string> RegisterAsync(int department, string id, CancellationToken cancellation)
    {
        using LedgerClient client = _network.Network.ConnectClient(department);
        TransactionOutcome outcome = await TestNetwork.SubmitAsync(
            client, _network.SignRegistration(department, "licence", id, "{\"state\":1}"u8.ToArray()), cancellation);
        return outcome.TransactionId;
    }

    private async Task VerifyReceiptAsync(string transaction, CancellationToken cancellation)
    {
        using LedgerClient client = _network.Network.ConnectClient(0);
        byte[] receipt = await client.GetReceiptAsync(transaction, cancellation);
        using var verifier = new PlatformSignatureVerifier();
        Assert.That(ReceiptVerifier.Verify(receipt, _network.ChainId, verifier, out ReceiptFailure? failure), Is.Not.Null, failure?.Message);
    }

    private ISigner Open(int department, string key) =>
        KeyOptions.Open(_network.FileOf(department, $"{key}.pem"), _network.FileOf(department, "passphrase"));

    private string KeyOf(int department, string key)
    {
        using ISigner signer = Open(department, key);
        return signer.PublicKey.ToString();
    }
}
