using System.Text.Json;
using GovChain.Client;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Departments decide by proposals and votes: a fifth one joins four others, then parameters are set, which every node goes by at
/// once. Real processes, real commands.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ProposalTest
{
    private const int Joiner = 4;

    private TestNetwork _network = null!;

    [TearDown]
    public async Task StopAsync() => await _network.DisposeAsync();

    [Test]
    [CancelAfter(420_000)]
    [Category(TestGroup.Joining)]
    public async Task Departments_AdmitAFifthAndSetParameters_ByVotesOnTheLedger(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation, founders: Joiner, count: Joiner + 1);
        await _network.DefineTypeAsync(0, "licence", cancellation);
        await _network.UntilAsync(Joiner, static s => s.Height > 0, cancellation);
        Assert.That((await RunAsync(0, "list")).Output, Does.Contain("Nothing was ever proposed."));

        string file = _network.Layout.At("admit.json");
        string joining = await _network.WriteJoiningFileAsync("joining.json", Joiner, Joiner, "validator");
        await ProgramRun.OkAsync("member", "propose", "admit", _network.Id(Joiner), "--joining", joining, "--profile", _network.Administrator(0), "-o", file);
        ProgramRun unsigned = await ProgramRun.GovchainAsync("proposal", "create", "from-file", file, "--profile", _network.Administrator(0));
        Assert.That(unsigned.ExitCode, Is.EqualTo(ExitCode.Usage), unsigned.Error);
        Assert.That(unsigned.Error, Does.Contain("is not signed by the key that is to vote"));
        await ProgramRun.OkAsync("member", "sign", file, "--key", _network.FileOf(Joiner, "validator.pem"), "--passphrase-file", _network.FileOf(Joiner, "passphrase"));
        string admission = (await RunAsync(0, "create", "from-file", file, "--json")).Json.GetProperty("transactionId").GetString()!;
        ProgramRun clerk = await ProgramRun.GovchainAsync("proposal", "vote", admission, "for", "--profile", _network.FileOf(1, $"{DevnetBuilder.Clerk}.json"), "--json");
        Assert.That((clerk.ExitCode, clerk.Reason), Is.EqualTo((ExitCode.Refused, "NOT_PERMITTED")), clerk.Error);
        await RunAsync(0, "vote", admission, "for");
        string second = _network.FileOf(3, "second.pem");
        ProgramRun made = await ProgramRun.OkAsync("key", "new", second, "--passphrase-file", _network.FileOf(3, "passphrase"), "--json");
        await ProgramRun.OkAsync("officer", "enrol", "second", "--public-key", made.Json.GetProperty("publicKey").GetString()!, "--role", "administrator", "--profile", _network.Administrator(3));
        await RunAsync(3, "vote", admission, "against", "--reason", "not heard", "--key", second);
        ulong revoked = (await ProgramRun.OkAsync("officer", "revoke", "second", "--json", "--profile", _network.Administrator(3))).Json.GetProperty("height").GetUInt64();
        await RunAsync(1, "vote", admission, "for");
        JsonElement open = JsonDocument.Parse((await RunAsync(2, "list", "--json")).Output).RootElement;
        Assert.That((open.GetProperty("standing").GetString(), open.GetProperty("votes").GetArrayLength(), open.GetProperty("needed").GetInt32()),
            Is.EqualTo(("open", 3, 3)));
        Assert.That(open.GetProperty("missing").EnumerateArray().Single().GetString(), Is.EqualTo(_network.Id(2)));
        Assert.That(open.GetProperty("votes").EnumerateArray().Select(static v => (v.GetProperty("department").GetString(), v.GetProperty("keyEnded").ToString())),
            Is.EquivalentTo(new[] { (_network.Id(0), ""), (_network.Id(1), ""), (_network.Id(3), $"{revoked}") }), "it is seen that the key which voted was revoked since");
        await RunAsync(2, "vote", admission, "for");
        await _network.UntilAsync(Joiner, static s => s is { Voting: true, Epoch: 1, Departments: 5, Quorum: 4 }, cancellation);

        string parameters = (await RunAsync(Joiner, "create", "set-parameters", "--set", "block_transactions_max=3", "--set", "leader_blocks_max=9", "--json"))
            .Json.GetProperty("transactionId").GetString()!;
        Assert.That((await RunAsync(Joiner, "show", parameters)).Output, Does.Contain("block_transactions_max=3, leader_blocks_max=9").And.Contain("4 must be"));
        foreach (int voter in new[] { 0, 1, 2, Joiner })
            await RunAsync(voter, "vote", parameters, "for");
        Assert.That((await RunAsync(3, "list")).Output, Does.Contain("adopted"));
        for (int i = 0; i <= Joiner; i++)
            await _network.UntilAsync(i, static s => s is { Voting: true, Epoch: 1 }, cancellation);
        using LedgerClient client = _network.Network.ConnectClient(0);
        TransactionOutcome outcome = await TestNetwork.SubmitAsync(
            client, _network.SignRegistration(0, "licence", "L-1", "{}"u8.ToArray()), cancellation);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably), "the ledger goes on by the new parameters");
        ProgramRun late = await ProgramRun.GovchainAsync("proposal", "vote", parameters, "against", "--profile", _network.Administrator(3), "--json");
        Assert.That(late.Reason, Is.EqualTo("PROPOSAL_DECIDED"), late.Error);
        AuditReport[] reports = await _network.AuditAllAsync(cancellation);
        Assert.That(reports, Has.Length.EqualTo(Joiner + 1));
    }

    [Test]
    [CancelAfter(420_000)]
    [Category(TestGroup.Joining)]
    public async Task ADepartmentIsSuspended_ItsOfficersSignNothing_ItsNodeVotesOn_UntilItIsLifted(CancellationToken cancellation)
    {
        const int Suspended = 3;
        _network = await TestNetwork.StartAsync(cancellation, founders: 4, count: 4);
        await DecideAsync("suspend");
        ProgramRun refused = await RevokeAsync();
        Assert.That((refused.ExitCode, refused.Reason), Is.EqualTo((ExitCode.Refused, "DEPARTMENT_SUSPENDED")), refused.Error);
        ProgramRun members = await ProgramRun.OkAsync("member", "list", "--profile", _network.Administrator(0));
        Assert.That(members.Output.Split('\n').Single(static l => l.Contains("suspended")), Does.StartWith($"  {_network.Id(Suspended)} "));
        ProgramRun second = await ProgramRun.GovchainAsync("proposal", "create", "suspend", _network.Id(2), "--profile", _network.Administrator(1), "--json");
        Assert.That((second.ExitCode, second.Reason), Is.EqualTo((ExitCode.Refused, "QUORUM_SUSPENDED")), second.Error);
        await _network.UntilAsync(Suspended, static s => s.Voting, cancellation);
        await DecideAsync("lift-suspension");
        ProgramRun revoked = await RevokeAsync();
        Assert.That(revoked.ExitCode, Is.Zero, revoked.Error);
        Assert.That(await _network.AuditAllAsync(cancellation), Has.Length.EqualTo(4));

        async Task DecideAsync(string what)
        {
            string proposal = (await RunAsync(0, "create", what, _network.Id(Suspended), "--json")).Json.GetProperty("transactionId").GetString()!;
            foreach (int voter in new[] { 0, 1, 2 })
                await RunAsync(voter, "vote", proposal, "for");
        }

        Task<ProgramRun> RevokeAsync() => ProgramRun.GovchainAsync(
            "officer", "revoke", DevnetBuilder.Clerk, "--reason", "left", "--profile", _network.Administrator(Suspended), "--json");
    }

    /// <summary>A command on proposals by a department's administrator, at its own node.</summary>
    private Task<ProgramRun> RunAsync(int department, params string[] arguments) =>
        ProgramRun.OkAsync(["proposal", .. arguments, "--profile", _network.Administrator(department)]);
}
