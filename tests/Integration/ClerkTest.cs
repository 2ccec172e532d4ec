using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Core.Cryptography;
using GovChain.Core.Verification;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// What people and their programs do with a running network, and what they are told when something is wrong. The tests
/// share one network, and no record.
/// </summary>
[TestFixture]
internal sealed class ClerkTest
{
    private const string Type = "licence";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private TestNetwork _network = null!;

    private DevnetDepartment First => _network.Network.Departments[0];

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        using var late = new CancellationTokenSource(Patience);
        _network = await TestNetwork.StartAsync(late.Token);
        await _network.DefineTypeAsync(0, Type, late.Token);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Receipt_OfACommittedRecord_VerifiesOffline_AndNoTamperedCopyDoes(CancellationToken cancellation)
    {
        SignedEnvelope envelope = await RegisterAsync("RECEIPT-1", cancellation);
        using LedgerClient client = _network.Network.ConnectClient(1);
        byte[] receipt = await client.GetReceiptAsync(envelope.Id.ToString(), cancellation);

        (ProgramRun good, JsonElement said) = await VerifyAsync(receipt);
        Assert.That(good.ExitCode, Is.Zero, good.Error);
        Assert.That(said.GetProperty("transactionId").GetString(), Is.EqualTo(envelope.Id.ToString()));

        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var verifier = new PlatformSignatureVerifier();
        for (int i = 0; i < 400; i++)
        {
            byte[] tampered = Flip(receipt, random);
            Assert.That(ReceiptVerifier.Verify(tampered, _network.ChainId, verifier, out _), Is.Null, $"copy {i}");
        }
        foreach (byte[] tampered in Enumerable.Range(0, 4).Select(_ => Flip(receipt, random)))
        {
            (ProgramRun bad, JsonElement refusal) = await VerifyAsync(tampered);
            Assert.That(bad.ExitCode, Is.EqualTo(8), bad.Output + bad.Error);
            Assert.That(refusal.GetProperty("ok").GetBoolean(), Is.False);
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Import_EventsThatBreakTheRules_AreRefusedByLineWithTheirReason(CancellationToken cancellation)
    {
        string file = Path.Combine(_network.Layout.Directory, "broken.ndjson");
        await File.WriteAllTextAsync(file, """
            {"seq":1,"op":"REGISTER","key":"A","record":{"n":1}}
            {"seq":2,"op":"REGISTER","key":"A","record":{"n":2}}
            {"seq":3,"op":"AMEND","key":"B","record":{"n":3}}
            {"seq":4,"op":"CANCEL","key":"A"}
            {"seq":5,"op":"AMEND","key":"A","record":{"n":5}}
            {"seq":6,"op":"REGISTER","key":"A","record":{"n":6}}
            """, cancellation);
        DevnetImport import = _network.Import(0, file, "broken");

        await _network.RunAsync(import, null, cancellation);

        ImportSummary summary = import.Summary!;
        Assert.That(summary.Refused.Select(r => (import.File.Events[r.Event].Line, r.Code)),
            Is.EqualTo(new[] { (2, "RECORD_IN_FORCE"), (3, "UNKNOWN_RECORD"), (5, "RECORD_ANNULLED") }));
        Assert.That(summary.Refused.Select(r => r.Message), Is.All.Not.Empty);
        Assert.That((summary.Registered, summary.Amended, summary.Annulled), Is.EqualTo((2, 0, 1)));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Curl_WithTheExportedAuthority_SubmitsAndReads(CancellationToken cancellation)
    {
        if (!IsOnPath("curl"))
            Assert.Ignore("curl is not installed.");
        SignedEnvelope envelope = _network.SignRegistration(0, Type, "CURL-1", """{"holder":"Bäckerei 面包店"}"""u8.ToArray());
        string body = $$"""{"envelope":"{{Convert.ToBase64String(envelope.Bytes)}}","waitFor":"COMMITTED"}""";

        JsonElement outcome = await CurlAsync("200", "/v1/transactions", "--data", body);
        Assert.That(outcome.GetProperty("transactionId").GetString(), Is.EqualTo(envelope.Id.ToString()));
        Assert.That(outcome.GetProperty("status").GetString(), Is.EqualTo("COMMITTED_DURABLY"));

        JsonElement record = (await CurlAsync("200", $"/v1/records/{Type}/CURL-1")).GetProperty("record");
        Assert.That(Convert.FromBase64String(record.GetProperty("payload").GetString()!),
            Is.EqualTo("""{"holder":"Bäckerei 面包店"}"""u8.ToArray()));
        JsonElement missing = await CurlAsync("404", $"/v1/records/{Type}/NO-SUCH");
        Assert.That(missing.GetProperty("message").GetString(), Is.Not.Empty);
        JsonElement receipt = await CurlAsync("200", $"/v1/transactions/{envelope.Id}/receipt");
        (ProgramRun verified, _) = await VerifyAsync(await CurlBytesAsync($"/v1/transactions/{envelope.Id}/receipt"));
        Assert.That(verified.ExitCode, Is.Zero, $"{verified.Error}{receipt}");
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task RecordAmend_AfterAVersionThatIsNotThere_SaysAtOnceAndInTheEndWhatItWaitsFor(CancellationToken cancellation)
    {
        await RegisterAsync("AHEAD-1", cancellation);

        ProgramRun run = await ProgramRun.GovchainAsync(
            "record", "amend", Type, "AHEAD-1", "--expected-version", "9", "--wait", "1", "--reason", "correction", "--content", "{}",
            "--profile", _network.Layout.At(First.Id, $"{DevnetBuilder.Clerk}.json"));

        Assert.That(run.ExitCode, Is.EqualTo(6), run.Output + run.Error);
        const string Said = $"follows version 9 of record {Type}/AHEAD-1, but the ledger has only version 1 so far";
        Assert.That(run.ErrorLines, Has.Length.EqualTo(2), run.Error);
        Assert.That(run.ErrorLines[0], Does.StartWith("Waiting: ").And.Contain(Said));
        Assert.That(run.ErrorLines[1], Does.Contain("TRANSACTION_PENDING").And.Contain(Said));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task RecordHistory_OfAnAmendedRecord_SaysUntilWhenEachVersionWasInForce(CancellationToken cancellation)
    {
        await RegisterAsync("HISTORY-1", cancellation);
        string profile = _network.Layout.At(First.Id, $"{DevnetBuilder.Clerk}.json");
        ProgramRun amended = await ProgramRun.GovchainAsync(
            "record", "amend", Type, "HISTORY-1", "--expected-version", "1", "--reason", "correction", "--content", "{}", "--profile", profile);
        Assert.That(amended.ExitCode, Is.Zero, amended.Error);

        ProgramRun history = await ProgramRun.GovchainAsync("record", "history", Type, "HISTORY-1", "--profile", profile);

        string[] lines = [.. history.Output.Split('\n').Where(l => l.StartsWith(Type, StringComparison.Ordinal))];
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[0], Does.StartWith($"{Type}/HISTORY-1  version 1, in force until version 2 of 20"));
        Assert.That(lines[1], Is.EqualTo($"{Type}/HISTORY-1  version 2, in force"));

        ProgramRun first = await ProgramRun.GovchainAsync("record", "get", Type, "HISTORY-1", "--version", "1", "--profile", profile);
        Assert.That(first.Output.Split('\n')[0], Is.EqualTo(lines[0]), "asked for by its number it is no more in force than in the history");
        ProgramRun second = await ProgramRun.GovchainAsync("record", "get", Type, "HISTORY-1", "--version", "2", "--profile", profile);
        Assert.That(second.Output.Split('\n')[0], Is.EqualTo(lines[1]));
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Record_AnnulledReinstatedAndSuperseded_ByAnOfficerWhoseKeyIsReplacedMeanwhile()
    {
        string administrator = _network.Layout.At(First.Id, $"{DevnetBuilder.Administrator}.json");
        (string oldProfile, string oldKey) = await NewKeyAsync("life-1");
        (string profile, string newKey) = await NewKeyAsync("life-2");
        await ProgramRun.OkAsync("officer", "enrol", "life", "--public-key", oldKey, "--role", "clerk", "--profile", administrator);
        await ProgramRun.OkAsync("record", "register", Type, "LIFE-1", "--content", """{"holder":"Bakery"}""", "--profile", oldProfile);
        await ProgramRun.OkAsync("record", "annul", Type, "LIFE-1", "--reason", "closed", "--profile", oldProfile);
        await ProgramRun.OkAsync("officer", "rotate", "life", "--public-key", newKey, "--reason", "lost", "--profile", administrator);
        string[] reinstate = ["record", "reinstate", Type, "LIFE-1", "--reason", "judgment", "--json", "--profile"];
        ProgramRun refused = await ProgramRun.GovchainAsync([.. reinstate, oldProfile]);
        Assert.That((refused.ExitCode, refused.Error.Contains("SIGNER_REVOKED")), Is.EqualTo((7, true)), refused.Error);

        string shown = (await ProgramRun.OkAsync("officer", "show", First.Id, "life", "--profile", profile)).Output;
        Assert.That(shown, Does.Match($"^{First.Id}/life  clerk\n  key {newKey}: signs, since block [0-9]+\n  key {oldKey}: replaced after block [0-9]+, since block [0-9]+\n$"));
        AssertOneLine(await ProgramRun.GovchainAsync("officer", "show", First.Id, "nobody", "--profile", profile), code: 9, "never had an officer nobody");

        await ProgramRun.OkAsync([.. reinstate, profile]);
        JsonElement back = (await ProgramRun.OkAsync("record", "get", Type, "LIFE-1", "--json", "--profile", profile)).Json;
        Assert.That((back.GetProperty("status").GetString(), back.GetProperty("action").GetString()), Is.EqualTo(("in force", "reinstate")));
        Assert.That(back.GetProperty("content").GetProperty("holder").GetString(), Is.EqualTo("Bakery"), "with the content that it had");

        string[] supersede = ["record", "supersede", Type, "LIFE-1", "--by", $"{Type}/LIFE-2", "--reason", "moved", "--profile", profile];
        AssertOneLine(await ProgramRun.GovchainAsync(supersede), code: 7, "UNKNOWN_RECORD");
        await ProgramRun.OkAsync("record", "register", Type, "LIFE-2", "--content", "{}", "--profile", profile, "--link", $"{Type}/LIFE-1/1", "--link", $"{Type}/LIFE-0");
        await ProgramRun.OkAsync(supersede);
        ProgramRun closed = await ProgramRun.OkAsync("record", "get", Type, "LIFE-1", "--profile", profile);
        Assert.That(closed.Output, Does.StartWith($"{Type}/LIFE-1  version 4, superseded\n").And.Contain($"  superseded by: {Type}/LIFE-2\n"));
        ProgramRun heir = await ProgramRun.OkAsync("record", "get", Type, "LIFE-2", "--profile", profile);
        Assert.That(heir.Output, Does.Contain($"  link: {Type}/LIFE-0 (no such record)\n  link: {Type}/LIFE-1, version 1 (superseded)\n"));
        AssertOneLine(
            await ProgramRun.GovchainAsync("record", "amend", Type, "LIFE-1", "--content", "{}", "--reason", "r", "--profile", profile),
            code: 7, $"record {Type}/LIFE-2 took its place");
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Officer_EnrolledForATime_IsListedWithIt_AndAfterItsRevocationWithTheBlock()
    {
        string administrator = _network.Layout.At(First.Id, $"{DevnetBuilder.Administrator}.json");
        (string profile, string key) = await NewKeyAsync("guest");
        string[] enrol = ["officer", "enrol", "guest", "--public-key", key, "--role", "auditor", "--profile", administrator];
        AssertOneLine(await ProgramRun.GovchainAsync([.. enrol, "--valid-until", "2020-01-01T00:00:00Z"]), code: 2, "a moment to come in UTC");
        AssertOneLine(await ProgramRun.GovchainAsync([.. enrol, "--valid-from", "2126-01-02T00:00:00Z", "--valid-until", "2126-01-01T00:00:00Z"]), code: 2, "after --valid-from");
        AssertOneLine(await ProgramRun.GovchainAsync([.. enrol, "--role", "administrator", "--valid-until", "2126-01-01T00:00:00Z"]), code: 2, "not for administrators");
        await ProgramRun.OkAsync([.. enrol, "--valid-from", "2125-01-01T00:00:00Z", "--valid-until", "2126-01-01T00:00:00Z"]);

        string list = (await ProgramRun.OkAsync("officer", "list", "--profile", profile)).Output;
        Assert.That(list, Does.Match($"(?m)^{First.Id}/guest\tauditor\tsigns not yet, since block [0-9]+, from 2125-01-01T00:00:00.000Z on, until 2126-01-01T00:00:00.000Z$"));
        Assert.That(list, Does.Match($"(?m)^{First.Id}/{DevnetBuilder.Administrator}\tadministrator\tsigns, since the founding$"));
        Assert.That((await ProgramRun.OkAsync("officer", "list", "no-such", "--profile", profile)).Output, Does.Contain("no officer was ever enrolled"));
        ulong revoked = (await ProgramRun.OkAsync("officer", "revoke", "guest", "--json", "--profile", administrator)).Json.GetProperty("height").GetUInt64();
        JsonElement guest = (await ProgramRun.OkAsync("officer", "show", First.Id, "guest", "--json", "--profile", profile)).Json;
        Assert.That((guest.GetProperty("standing").GetString(), guest.GetProperty("lastBlock").GetUInt64(), guest.GetProperty("publicKey").GetString(), guest.GetProperty("validUntil").GetString()),
            Is.EqualTo(("revoked", revoked, key, "2126-01-01T00:00:00.000Z")));
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task FourEyes_TheSubmitterCannotApprove_AnotherCan_AndEverybodySeesWhoDid(CancellationToken cancellation)
    {
        const string Ruling = "ruling";
        string administrator = _network.Layout.At(First.Id, $"{DevnetBuilder.Administrator}.json");
        (string clerk, string clerkKey) = await NewKeyAsync("eyes-1");
        (string approver, string approverKey) = await NewKeyAsync("eyes-2");
        await ProgramRun.OkAsync("officer", "enrol", "eyes-1", "--public-key", clerkKey, "--role", "clerk", "--role", "approver", "--profile", administrator);
        await ProgramRun.OkAsync("officer", "enrol", "eyes-2", "--public-key", approverKey, "--role", "approver", "--profile", administrator);
        string[] define = ["type", "define", Ruling, "--title", "en=Ruling", "--public", "--profile", administrator];
        await ProgramRun.OkAsync([.. define, "--four-eyes", "--approver", First.Id]);
        AssertOneLine(await ProgramRun.GovchainAsync([.. define, "--no-approver"]), code: 2, "--no-four-eyes");
        AssertOneLine(await ProgramRun.GovchainAsync([.. define, "--four-eyes"]), code: 2, "--no-approver");

        string[] register = ["record", "register", Ruling, "R-1", "--content", "{\"rate\":7}", "--profile", clerk];
        AssertOneLine(await ProgramRun.GovchainAsync(register), code: 7, "Submit the change for approval");
        ProgramRun submitted = await ProgramRun.OkAsync([.. register, "--approve-within", "24"]);
        Assert.That(submitted.Output, Does.Contain("it does not hold yet").And.Contain("govchain approval give "));
        JsonElement waiting = (await ProgramRun.OkAsync("approval", "list", Ruling, "--json", "--profile", approver)).Json;
        string submission = waiting.GetProperty("submission").GetString()!;
        Assert.That((waiting.GetProperty("officer").GetString(), waiting.GetProperty("content").GetProperty("rate").GetInt32()), Is.EqualTo(("eyes-1", 7)));
        Assert.That((await ProgramRun.OkAsync("approval", "list", "--profile", approver)).Output, Does.Contain($"{Ruling}/R-1  version 1, waits for approval until 20"));
        AssertOneLine(await ProgramRun.GovchainAsync([.. register, "--approve-within", "24"]), code: 7, "waits for approval");
        AssertOneLine(await ProgramRun.GovchainAsync("record", "get", Ruling, "R-1", "--profile", clerk), code: 9, "no record");

        AssertOneLine(await ProgramRun.GovchainAsync("approval", "give", submission, "--profile", clerk), code: 7, "another one has to approve it");
        JsonElement given = (await ProgramRun.OkAsync("approval", "give", submission, "--json", "--profile", approver)).Json;
        AssertOneLine(await ProgramRun.GovchainAsync("approval", "give", submission, "--profile", approver), code: 7, "approved by officer eyes-2");
        JsonElement shown = (await ProgramRun.OkAsync("record", "get", Ruling, "R-1", "--json", "--profile", clerk)).Json;
        Assert.That((shown.GetProperty("officer").GetString(), shown.GetProperty("approvedBy").GetProperty("officer").GetString()), Is.EqualTo(("eyes-1", "eyes-2")));
        Assert.That(shown.GetProperty("transactionId").GetString(), Is.EqualTo(given.GetProperty("transactionId").GetString()));
        ProgramRun history = await ProgramRun.OkAsync("record", "history", Ruling, "R-1", "--profile", clerk);
        Assert.That(history.Output, Does.Contain($"  approved by {First.Id}/eyes-2, submitted as transaction {submission}\n"));
        using LedgerClient client = _network.Network.ConnectClient(1);
        (ProgramRun verified, JsonElement said) = await VerifyAsync(await client.GetReceiptAsync(given.GetProperty("transactionId").GetString()!, cancellation));
        Assert.That((verified.ExitCode, said.GetProperty("officer").GetString()), Is.EqualTo((0, "eyes-2")), verified.Error);

        JsonElement second = (await ProgramRun.OkAsync(
            "record", "annul", Ruling, "R-1", "--reason", "r\u001b[8m", "--approve-within", "1", "--json", "--profile", clerk)).Json;
        string withdrawn = second.GetProperty("transactionId").GetString()!;
        Assert.That(second.GetProperty("approveUntil").GetString(), Does.StartWith("20"), "a script sees that it waits");
        string listed = (await ProgramRun.OkAsync("approval", "list", Ruling, "--profile", approver)).Output;
        Assert.That(listed, Does.Contain("r\\u001b[8m").And.Not.Contain("\u001b"), "what others wrote drives no terminal that a pipe leads to");
        (_, JsonElement waits) = await VerifyAsync(await client.GetReceiptAsync(withdrawn, cancellation));
        Assert.That(waits.GetProperty("approveUntil").GetString(), Is.EqualTo(second.GetProperty("approveUntil").GetString()));
        Assert.That(waits.GetProperty("action").GetString(), Is.EqualTo("annul"));
        Assert.That(waits.GetProperty("roles").EnumerateArray().Select(static r => r.GetString()), Is.EqualTo(new[] { "clerk", "approver" }));
        Assert.That((await VerifyTextAsync()).Output, Does.Contain($"  {Ruling}/R-1, SUBMITTED for approval until 20").And.Contain("clerk and approver; the key signs since block "));
        await ProgramRun.OkAsync("approval", "refuse", withdrawn, "--reason", "by mistake", "--profile", clerk);
        AssertOneLine(await ProgramRun.GovchainAsync("approval", "give", withdrawn, "--profile", approver), code: 7, "refused by officer eyes-1");
        Assert.That((await ProgramRun.OkAsync("approval", "list", Ruling, "--profile", approver)).Output,
            Is.EqualTo($"{Ruling}: nothing waits for approval.\n"));
        (string deputy, string deputyKey) = await NewKeyAsync("eyes-3");
        await ProgramRun.OkAsync("officer", "enrol", "eyes-3", "--public-key", deputyKey, "--role", "clerk", "--profile", administrator);
        await ProgramRun.OkAsync("approval", "delegate", "eyes-3", "--days", "14", "--profile", approver);
        ProgramRun delegations = await ProgramRun.OkAsync("approval", "delegations", First.Id, "--profile", clerk);
        Assert.That(delegations.Output, Does.StartWith($"{First.Id}/eyes-3\ton behalf of eyes-2\tuntil 20"));
        JsonElement third = (await ProgramRun.OkAsync(
            "record", "amend", Ruling, "R-1", "--content", "{}", "--reason", "r", "--approve-within", "1", "--json", "--profile", clerk)).Json;
        string[] give = ["approval", "give", third.GetProperty("transactionId").GetString()!, "--profile", deputy];
        AssertOneLine(await ProgramRun.GovchainAsync(give), code: 7, "needs the role approver");
        Assert.That((await ProgramRun.OkAsync([.. give, "--on-behalf-of", "eyes-2"])).Output,
            Does.StartWith($"Approving {Ruling}/R-1, version 2, as transaction {third.GetProperty("transactionId").GetString()} has it:\n  reason: r\n  content: {{}}\n"), "what is signed is shown first");
        AssertOneLine(await ProgramRun.GovchainAsync([.. define, "--four-eyes", "--approver", "nobody"]), code: 2, "No department nobody");
        Assert.That((await ProgramRun.OkAsync("record", "get", Ruling, "R-1", "--profile", clerk)).Output, Does.Contain($"  approved by {First.Id}/eyes-3 on behalf of eyes-2, submitted"));
        await ProgramRun.OkAsync("approval", "revoke-delegation", "eyes-2", "eyes-3", "--profile", administrator);
        Assert.That((await ProgramRun.OkAsync("approval", "delegations", First.Id, "--json", "--profile", clerk)).Output, Is.Empty);

        await ProgramRun.OkAsync("record", "amend", Ruling, "R-1", "--content", "{}", "--reason", "r", "--approve-within", "1", "--profile", clerk);
        ulong revoked = (await ProgramRun.OkAsync("officer", "revoke", "eyes-1", "--json", "--profile", administrator)).Json.GetProperty("height").GetUInt64();
        Assert.That((await ProgramRun.OkAsync("approval", "list", Ruling, "--profile", approver)).Output,
            Does.Contain($"  submitted with a key that was revoked or replaced after block {revoked}: "));
        Assert.That((await ProgramRun.OkAsync("approval", "list", Ruling, "--json", "--profile", approver)).Json.GetProperty("keyEnded").GetUInt64(), Is.EqualTo(revoked));
        AssertOneLine(await ProgramRun.GovchainAsync("approval", "give", "7", "--profile", approver), code: 2, "64 hexadecimal digits");
        AssertOneLine(await ProgramRun.GovchainAsync("approval", "give", new string('7', 64), "--profile", approver), code: 9, "no transaction");
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Transfer_OfferedRefusedAndAccepted_TheRecordIsTheOthers_AndTheHistorySaysSince()
    {
        string other = _network.Network.Departments[1].Id;
        string clerk = _network.Layout.At(First.Id, $"{DevnetBuilder.Clerk}.json");
        (string receiver, string receiverKey) = await NewKeyAsync("receiver-1");
        await ProgramRun.OkAsync("officer", "enrol", "receiver-1", "--public-key", receiverKey, "--role", "clerk", "--role", "approver",
            "--profile", _network.Layout.At(other, $"{DevnetBuilder.Administrator}.json"));
        await RegisterAsync("MOVES-1", CancellationToken.None);
        string[] transfer = ["record", "transfer", Type, "MOVES-1", "--to", other, "--approve-within", "24", "--reason", "merged", "--profile", clerk];
        AssertOneLine(await ProgramRun.GovchainAsync("record", "transfer", Type, "MOVES-1", "--to", First.Id, "--approve-within", "24", "--reason", "r", "--profile", clerk),
            code: 7, $"Department {First.Id} has custody");
        string refused = (await ProgramRun.OkAsync([.. transfer, "--json"])).Json.GetProperty("transactionId").GetString()!;
        await ProgramRun.OkAsync("approval", "refuse", refused, "--reason", "not ours", "--profile", receiver);

        ProgramRun offered = await ProgramRun.OkAsync(transfer);
        Assert.That(offered.Output, Does.Contain("it does not hold yet").And.Contain($"  to be approved by an approver of {other}: govchain approval give "));
        ProgramRun listed = await ProgramRun.OkAsync("approval", "list", Type, "--json", "--profile", receiver);
        JsonElement waiting = JsonDocument.Parse(listed.Output.Split('\n').Single(line => line.Contains("MOVES-1", StringComparison.Ordinal))).RootElement;
        Assert.That((waiting.GetProperty("action").GetString(), waiting.GetProperty("custodian").GetString()), Is.EqualTo(("transfer", other)));
        Assert.That((await ProgramRun.OkAsync("approval", "list", Type, "--profile", receiver)).Output, Does.Contain($"  custody: {other}\n"));
        await ProgramRun.OkAsync("approval", "give", waiting.GetProperty("submission").GetString()!, "--profile", receiver);
        string[] amend = ["record", "amend", Type, "MOVES-1", "--content", "{}", "--reason", "r", "--profile"];
        AssertOneLine(await ProgramRun.GovchainAsync([.. amend, clerk]), code: 7, $"belongs to {other}");
        await ProgramRun.OkAsync([.. amend, receiver]);

        ProgramRun history = await ProgramRun.OkAsync("record", "history", Type, "MOVES-1", "--json", "--profile", clerk);
        JsonElement[] versions = [.. history.Json.EnumerateArray()];
        Assert.That(versions.Select(v => v.TryGetProperty("custodian", out JsonElement c) ? c.GetString() : null), Is.EqualTo(new[] { null, other, other }));
        Assert.That(versions.Select(v => v.GetProperty("department").GetString()), Is.EqualTo(new[] { First.Id, First.Id, other }));
        Assert.That((await ProgramRun.OkAsync("record", "get", Type, "MOVES-1", "--profile", clerk)).Output, Does.Contain($"  custody: {other}\n"));
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task Removal_OfADepartmentThatOwnsTypes_IsWarnedOfWhereverItIsDecided()
    {
        string profile = _network.Layout.At(_network.Network.Departments[1].Id, $"{DevnetBuilder.Administrator}.json");
        string left = $"{First.Id}'s own (", file = Path.Combine(_network.Layout.Directory, "removal.json");
        Assert.That((await ProgramRun.OkAsync("member", "propose", "remove", First.Id, "-o", file, "--profile", profile)).Error, Does.Contain(left));
        ProgramRun created = await ProgramRun.OkAsync("proposal", "create", "remove", First.Id, "--json", "--profile", profile);
        string proposal = created.Json.GetProperty("transactionId").GetString()!;
        Assert.That(created.Error, Does.Contain(left));
        Assert.That((await ProgramRun.OkAsync("proposal", "show", proposal, "--profile", profile)).Output, Does.Contain(left));
        Assert.That((await ProgramRun.OkAsync("proposal", "show", proposal, "--json", "--profile", profile)).Json.GetProperty("typesLeftBehind").EnumerateArray().Select(t => t.GetString()),
            Does.Contain(Type));
        Assert.That((await ProgramRun.OkAsync("proposal", "vote", proposal, "for", "--profile", profile)).Error, Does.Contain(left));
        await ProgramRun.OkAsync("proposal", "withdraw", proposal, "--profile", profile);
        ProgramRun suspend = await ProgramRun.OkAsync("proposal", "create", "suspend", First.Id, "--json", "--profile", profile);
        Assert.That(suspend.Error, Does.Not.Contain(left), "a suspension ends");
        await ProgramRun.OkAsync("proposal", "withdraw", suspend.Json.GetProperty("transactionId").GetString()!, "--profile", profile);
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Evidence_OfWhatIsNone_IsToldFromWhatCannotBeRead(CancellationToken cancellation)
    {
        string[] data = [.. _network.Network.Departments.Take(2).Select(d => _network.Layout.At(d.Id, "data"))];
        string file = Path.Combine(_network.Layout.Directory, "long");
        await File.WriteAllBytesAsync(file, new byte[300], cancellation);

        ProgramRun none = await ProgramRun.GovchainAsync("evidence", "fork", data[0], data[1], "--json");
        ProgramRun verified = await ProgramRun.GovchainAsync("evidence", "verify", file, "--genesis", _network.Layout.GenesisFile);

        Assert.That((none.ExitCode, none.Json.GetProperty("fork").GetBoolean()), Is.EqualTo((0, false)), none.Error);
        Assert.That(none.Json.GetProperty("compared").GetUInt64(), Is.Positive);
        Assert.That((verified.ExitCode, verified.Output), Is.EqualTo((8, $"NOT VALID: {file}: these are not the bytes of evidence\n")));
        AssertOneLine(await ProgramRun.GovchainAsync("evidence", "fork", data[0], $"{data[0]}/"), code: 2, "named twice");
        AssertOneLine(await ProgramRun.GovchainAsync("evidence", "list", "--data", $"{data[0]}-none"), code: 2, "no folder");
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Import_TheSameFileAgain_SaysThatAllOfItWasThereAlready(CancellationToken cancellation)
    {
        string file = Path.Combine(_network.Layout.Directory, "twice.ndjson");
        await File.WriteAllTextAsync(file, """{"op":"REGISTER","key":"TWICE-1","record":{"n":1}}""" + "\n", cancellation);
        string[] import =
        [
            "import", file, "--type", Type, "--state", Path.Combine(_network.Layout.Directory, "twice.state"),
            "--profile", _network.Layout.At(First.Id, $"{DevnetBuilder.Clerk}.json"),
        ];

        ProgramRun first = await ProgramRun.GovchainAsync(import);
        ProgramRun again = await ProgramRun.GovchainAsync([.. import, "--json"]);

        Assert.That((first.ExitCode, again.ExitCode), Is.EqualTo((0, 0)), first.Error + again.Error);
        Assert.That(first.Output, Does.Contain("1 on the ledger (1 registered"));
        Assert.That((again.Json.GetProperty("committed").GetInt32(), again.Json.GetProperty("alreadyThere").GetInt32()), Is.EqualTo((1, 1)));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task NodeRun_WrongPassphrase_SaysSoInOneLine(CancellationToken cancellation)
    {
        string passphrase = _network.Layout.At(First.Id, "wrong");
        await File.WriteAllTextAsync(passphrase, "not the passphrase\n", cancellation);
        string config = Configuration("wrong-passphrase.json", c =>
        {
            c["passphraseFile"] = "wrong";
            c["dataDirectory"] = "other-data";
        });

        AssertOneLine(await RunNodeAsync(config), code: 4, "passphrase");
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task NodeRun_DataDirectoryInUse_SaysSoInOneLine(CancellationToken cancellation)
    {
        int[] ports = FreePorts(3);
        string config = Configuration("locked.json", c =>
        {
            c["peers"]!["listen"] = $"127.0.0.1:{ports[0]}";
            c["clients"]!["listen"] = $"127.0.0.1:{ports[1]}";
            c["administration"]!["listen"] = $"127.0.0.1:{ports[2]}";
        });

        AssertOneLine(await RunNodeAsync(config), code: 5, _network.Layout.At(First.Id, "data"));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task NodeRun_PortInUse_SaysSoInOneLine(CancellationToken cancellation)
    {
        string config = Configuration("port.json", c => c["dataDirectory"] = "port-data");

        AssertOneLine(await RunNodeAsync(config), code: 6, "in use");
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task RecordGet_WhereNoNodeAnswers_SaysSoInOneLine(CancellationToken cancellation)
    {
        ProgramRun run = await ProgramRun.GovchainAsync(
            "record", "get", Type, "X", "--node", $"https://localhost:{FreePorts(1)[0]}", "--ca", _network.Layout.AuthorityCertificate);

        AssertOneLine(run, code: 6, "UNAVAILABLE");
    }

    /// <summary>A key in a file, and a profile of who signs with it.</summary>
    private async Task<(string Profile, string PublicKey)> NewKeyAsync(string name)
    {
        string passphrase = _network.Layout.At(First.Id, "passphrase"), key = _network.Layout.At(First.Id, $"{name}.pem");
        ProgramRun made = await ProgramRun.OkAsync("key", "new", key, "--passphrase-file", passphrase, "--json");
        string profile = _network.Layout.At(First.Id, $"{name}.json");
        JsonObject content = JsonNode.Parse(await File.ReadAllTextAsync(_network.Layout.At(First.Id, $"{DevnetBuilder.Clerk}.json")))!.AsObject();
        content["key"] = key;
        content["passphraseFile"] = passphrase;
        await File.WriteAllTextAsync(profile, content.ToJsonString());
        return (profile, made.Json.GetProperty("publicKey").GetString()!);
    }

    private static void AssertOneLine(ProgramRun run, int code, string expected)
    {
        Assert.That(run.ExitCode, Is.EqualTo(code), run.Error + run.Output);
        Assert.That(run.ErrorLines, Has.Length.EqualTo(1), run.Error);
        Assert.That(run.Error, Does.Contain(expected));
        Assert.That(run.Output + run.Error, Does.Not.Contain("   at "), "no stack trace");
    }

    private static Task<ProgramRun> RunNodeAsync(string configuration) =>
        ProgramRun.GovchainAsync("node", "run", "--config", configuration, "--stop-with-stdin");

    private string Configuration(string name, Action<JsonObject> change)
    {
        JsonObject configuration = JsonNode.Parse(File.ReadAllText(_network.Layout.At(First.Id, "node.json")))!.AsObject();
        change(configuration);
        string path = _network.Layout.At(First.Id, name);
        File.WriteAllText(path, configuration.ToJsonString());
        return path;
    }

    private async Task<SignedEnvelope> RegisterAsync(string id, CancellationToken cancellation)
    {
        SignedEnvelope envelope = _network.SignRegistration(0, Type, id, """{"holder":"Bakery"}"""u8.ToArray());
        using LedgerClient client = _network.Network.ConnectClient(0);
        TransactionOutcome outcome = await TestNetwork.SubmitAsync(client, envelope, cancellation);
        Assert.That(outcome.Status, Is.EqualTo(TransactionStatus.CommittedDurably), outcome.ToString());
        await _network.WaitUntilAllHaveAsync(outcome.Height, cancellation);
        return envelope;
    }

    private async Task<(ProgramRun Run, JsonElement Said)> VerifyAsync(byte[] receipt)
    {
        string file = Path.Combine(_network.Layout.Directory, "receipt.json");
        await File.WriteAllBytesAsync(file, receipt);
        ProgramRun run = await ProgramRun.GovchainAsync(
            "receipt", "verify", file, "--genesis-digest", _network.ChainId.ToString(), "--json");
        return (run, run.Json);
    }

    /// <summary>The receipt that was verified last, for people.</summary>
    private Task<ProgramRun> VerifyTextAsync() => ProgramRun.OkAsync(
        "receipt", "verify", Path.Combine(_network.Layout.Directory, "receipt.json"), "--genesis-digest", _network.ChainId.ToString());

    private static byte[] Flip(byte[] receipt, Random random)
    {
        byte[] tampered = [.. receipt];
        tampered[random.Next(tampered.Length)] ^= (byte)(1 << random.Next(8));
        return tampered;
    }

    private async Task<JsonElement> CurlAsync(string status, string path, params string[] arguments)
    {
        ProgramRun run = await ProgramRun.RunAsync("curl",
            ["-sS", "-w", "\n%{http_code}", "--cacert", _network.Layout.AuthorityCertificate, .. arguments,
            "-H", "content-type: application/json", $"https://localhost:{First.ClientPort}{path}"]);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        int end = run.Output.LastIndexOf('\n');
        Assert.That(run.Output[(end + 1)..], Is.EqualTo(status), run.Output);
        return JsonSerializer.Deserialize<JsonElement>(run.Output[..end]);
    }

    private async Task<byte[]> CurlBytesAsync(string path)
    {
        string file = Path.Combine(_network.Layout.Directory, "curl.out");
        ProgramRun run = await ProgramRun.RunAsync("curl",
            "-sS", "-o", file, "--cacert", _network.Layout.AuthorityCertificate, $"https://localhost:{First.ClientPort}{path}");
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        return await File.ReadAllBytesAsync(file);
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(d => File.Exists(Path.Combine(d, program)));

    private static int[] FreePorts(int count)
    {
        TcpListener[] held = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in held)
            listener.Start();
        int[] ports = [.. held.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        foreach (TcpListener listener in held)
            listener.Dispose();
        return ports;
    }
}
