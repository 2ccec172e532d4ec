using GovChain.Client;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Membership;
using GovChain.Tests.Unit.Rpc;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;

namespace GovChain.Tests.Unit.Records;

/// <summary>
/// Goal: a program that reads for months sees departments come and go. Method: one reads, a department is admitted, it reads again. Real
/// signatures.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ChangedDepartmentsTests
{
    private static readonly RecordKey Nothing = new("open-type", "NOTHING");
    private static readonly TestKey Gamma = new(500), GammaAdmin = new(501);

    [Test]
    [CancelAfter(120_000)]
    public async Task Find_AfterADepartmentWasAdmitted_AsksAnewWhoCertifies(CancellationToken cancellation)
    {
        TestLedger ledger = TestLedger.Ready();
        Dictionary<ulong, BlockHeader> headers = [];
        int opened = 0;
        (ILedgerGateway gateway, MeddledGateway meddled) = MeddledGateway.Before(new FakeGateway());
        meddled.Answer = (name, arguments, node) => name switch
        {
            "GetRecord" => throw LedgerRequestException.NotFound("There is none."),
            "GetGenesis" when ++opened > 0 => new GetGenesisResponse { Body = Google.Protobuf.ByteString.CopyFrom(ledger.Genesis.Bytes.Span) },
            "GetHeader" => StateAnswers.HeaderOf(headers[(ulong)arguments[0]!]),
            "GetStateProof" => StateAnswers.Of(ledger, new StateKey((StateKind)(uint)arguments[0]!, ((ReadOnlyMemory<byte>)arguments[1]!).Span)),
            _ => node(),
        };
        await using RpcHost host = await RpcHost.StartAsync(node: gateway);
        using var reader = new RecordLedger(
            new RecordLedgerOptions { Nodes = [], ChainId = ledger.Genesis.ChainId.ToString() },
            [host.ConnectAdministration()], new HeldTime(LedgerNodes.AnswerTimeout));
        Assert.That(await reader.FindAsync(Nothing, cancellation), Is.Null);
        Assert.That(await reader.FindAsync(Nothing, cancellation), Is.Null);
        Assert.That(opened, Is.EqualTo(1), "who certifies is asked once");

        ledger.Commit((TestLedger.AlphaAdmin, Approve(
            ledger.Genesis.ChainId, Admit("gamma", Gamma, GammaAdmin), Gamma, TestLedger.AlphaAdmin, TestLedger.BetaAdmin)));
        headers[ledger.State.Tip.Height] = ledger.State.Tip;
        ledger.Commit((TestLedger.AlphaAdmin, Actions.Define("other")));

        Assert.That(await reader.FindAsync(Nothing, cancellation), Is.Null);
        Assert.That(opened, Is.EqualTo(2));
    }
}
