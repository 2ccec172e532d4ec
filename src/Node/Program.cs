using System.CommandLine;
using GovChain.Node.Commands;

var root = new RootCommand(
    "GovChain: a records ledger that government departments run together.\n\n"
    + "To see it work: govchain devnet --exit")
{
    NodeCommand.Create(),
    KeyCommand.Create(),
    JoiningCommand.Create(),
    GenesisCommand.Create(),
    TypeCommand.Create(),
    OfficerCommand.Create(),
    ApprovalCommand.Create(),
    MemberCommand.Create(),
    ProposalCommand.Create(),
    RecordCommand.Create(),
    ImportCommand.Create(),
    ReceiptCommand.Create(),
    AuditCommand.Create(),
    EvidenceCommand.Create(),
    ReadsCommand.Create(),
    DevnetCommand.Create(),
    BenchCommand.Create(),
};
return await CommandRunner.RunAsync(root, args);
