using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// The life of a network under load, by the documented commands alone: four departments found it by their joining files, a fifth is admitted,
/// one votes with another key, one is suspended and then removed. Real processes; clerks submit all the while, and what they were told is
/// on every ledger once.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AuthorityTest
{
    private const int Founders = 4, Joiner = 4, Renewer = 2, Leaver = 3;

    private TestNetwork _network = null!;

    [TearDown]
    public async Task StopAsync() => await _network.DisposeAsync();

    [Test]
    [CancelAfter(900_000)]
    [Category(TestGroup.Joining)]
    public async Task Departments_FoundAdmitRenewSuspendAndRemoveUnderLoad_NothingAcknowledgedIsLost(CancellationToken cancellation)
    {
        _network = await TestNetwork.StartAsync(cancellation, FoundByCeremonyAsync, count: Founders + 1, founders: Founders);
        Assert.That((await ProgramRun.OkAsync("genesis", "inspect", _network.Layout.GenesisFile)).Output, Does.Contain("4 departments vote, and 3 make a quorum").And.Not.Contain("NOT"));
        for (int i = 0; i < Founders; i++)
            await _network.DefineTypeAsync(i, TypeOf(i), cancellation);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<Clerk>[] clerks = [.. Enumerable.Range(0, Founders).Select(i => SubmitAsync(i, enough.Token, cancellation))];

        await DecideFileAsync([0, 1, 2], Joiner, "validator", cancellation,
            "admit", _network.Id(Joiner), "--joining", await _network.WriteJoiningFileAsync("joining.json", Joiner, Joiner, "validator"));
        await _network.UntilAsync(Joiner, static s => s is { Voting: true, Epoch: 1, Departments: 5, Quorum: 4 }, cancellation);

        string newKey = (await ProgramRun.OkAsync("key", "new", _network.FileOf(Renewer, "validator-2.pem"), "--passphrase-file", _network.FileOf(Renewer, "passphrase"), "--json"))
            .Json.GetProperty("publicKey").GetString()!;
        await DecideFileAsync([0, 1, 3, Joiner], Renewer, "validator-2", cancellation, "replace-key", _network.Id(Renewer), "--validator-key", newKey);
        await _network.UntilAsync(Renewer, static s => s is { KeyReplaced: true, Epoch: 2 }, cancellation);
        await _network.Network.Processes[Renewer].StopAsync(TimeSpan.FromSeconds(60));
        string configuration = _network.FileOf(Renewer, "node.json");
        await File.WriteAllTextAsync(configuration,
            (await File.ReadAllTextAsync(configuration, cancellation)).Replace("validator.pem", "validator-2.pem", StringComparison.Ordinal), cancellation);
        _network.Network.Launch(Renewer);
        await _network.UntilAsync(Renewer, static s => s is { Voting: true, Epoch: 2 }, cancellation);

        await DecideAsync([0, 1, 2, Joiner], cancellation, "suspend", _network.Id(Leaver));
        Assert.That((await clerks[Leaver].WaitAsync(cancellation)).Refusal, Is.EqualTo("DEPARTMENT_SUSPENDED"));
        await DecideAsync([0, 1, 2, Joiner], cancellation, "remove", _network.Id(Leaver));
        GetStatusResponse left = await _network.UntilAsync(Leaver, static s => s is { Observer: true, Epoch: 3 }, cancellation);
        Assert.That((left.Voting, left.Departments), Is.EqualTo((false, 4U)));
        Assert.That(clerks.Where((_, i) => i != Leaver).All(static c => !c.IsCompleted), "the others submit on");

        await enough.CancelAsync();
        Clerk[] told = await Task.WhenAll(clerks);
        Assert.That(told.Where((_, i) => i != Leaver).Select(static c => c.Refusal), Is.All.Null);
        Assert.That(told.Select(static c => c.Told.Count), Is.All.Positive);
        TestContext.Out.WriteLine($"{told.Sum(static c => c.Told.Count)} records acknowledged");
        await _network.AuditAllAsync(cancellation);
        await _network.StopNodesAsync();
        await new LedgerCheck(_network, [.. told.SelectMany(static c => c.Told)]).RunAsync(cancellation);
    }

    /// <summary>Each makes its joining file from its own keys, one assembles the genesis, all sign it.</summary>
    private static async Task FoundByCeremonyAsync(DevnetLayout layout)
    {
        DevnetDepartment[] founders = [.. layout.Read()!.Take(Founders)];
        var files = new List<string>();
        foreach (DevnetDepartment founder in founders)
            files.Add(await TestNetwork.WriteJoiningFileAsync(layout, $"joining-{founder.Id}.json", founder, founder.Id, "validator"));
        await ProgramRun.OkAsync(["genesis", "create", "--network", "devnet", "-o", layout.GenesisFile, "--overwrite", "--joining", .. files]);
        foreach (DevnetDepartment founder in founders)
            await ProgramRun.OkAsync("genesis", "sign", layout.GenesisFile, "--key", layout.At(founder.Id, "validator.pem"), "--passphrase-file", layout.At(founder.Id, "passphrase"));
        await ProgramRun.OkAsync(["genesis", "inspect", layout.GenesisFile, "--joining", .. files]);
    }

    /// <summary>A change that the key which is to vote signs first, and then the departments vote on.</summary>
    private async Task DecideFileAsync(int[] voters, int holder, string key, CancellationToken cancellation, params string[] change)
    {
        string file = _network.Layout.At($"{change[0]}.json");
        await ProgramRun.OkAsync(["member", "propose", .. change, "--profile", _network.Administrator(0), "-o", file]);
        await ProgramRun.OkAsync("member", "sign", file, "--key", _network.FileOf(holder, $"{key}.pem"), "--passphrase-file", _network.FileOf(holder, "passphrase"));
        await DecideAsync(voters, cancellation, "from-file", file);
    }

    private async Task DecideAsync(int[] voters, CancellationToken cancellation, params string[] what)
    {
        await _network.UntilAsync(0, static s => s.Voting, cancellation);
        ProgramRun created = await ProgramRun.OkAsync(["proposal", "create", .. what, "--profile", _network.Administrator(0), "--json"]);
        string proposal = created.Json.GetProperty("transactionId").GetString()!;
        foreach (int voter in voters)
        {
            // As a person would: where the node begins an epoch, or has too much to do, a moment later again.
            ProgramRun vote;
            while ((vote = await ProgramRun.GovchainAsync("proposal", "vote", proposal, "for", "--profile", _network.Administrator(voter), "--json")).ExitCode == ExitCode.Unavailable)
                await Task.Delay(200, cancellation);
            Assert.That(vote.ExitCode == ExitCode.Ok || vote.Reason == "ALREADY_VOTED", vote.Output + vote.Error);
        }
    }

    /// <summary>A department's clerk: one registration after the other, through its own node, until enough or until it is refused for good.</summary>
    private async Task<Clerk> SubmitAsync(int department, CancellationToken enough, CancellationToken cancellation)
    {
        var told = new List<Acknowledgement>();
        using LedgerClient client = _network.Network.ConnectClient(department);
        while (!enough.IsCancellationRequested)
        {
            string id = $"R-{told.Count + 1}";
            byte[] content = System.Text.Encoding.UTF8.GetBytes($$"""{"number":{{told.Count + 1}}}""");
            SignedEnvelope envelope = _network.SignRegistration(department, TypeOf(department), id, content);
            try
            {
                TransactionOutcome outcome = await TestNetwork.SubmitAsync(client, envelope, cancellation);
                told.Add(new Acknowledgement(outcome.TransactionId, outcome.Height, outcome.Position, TypeOf(department), id, 1, Acknowledgement.DigestOf(content)));
            }
            catch (LedgerClientException e)
            {
                return new Clerk(told, e.Reason);
            }
        }
        return new Clerk(told, null);
    }

    private static string TypeOf(int department) => $"register-{department}";

    /// <summary>What a clerk was told, and why it ended before the others, if it did.</summary>
    private sealed record Clerk(IReadOnlyList<Acknowledgement> Told, string? Refusal);
}
