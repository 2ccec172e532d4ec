using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Rpc;
using GovChain.Storage;
using Grpc.Core;
using NUnit.Framework;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: docs/ERRORS.md has every code there is, with the meaning that stands at the code itself, the statuses that the
/// code gives, and for people what to do. Written anew with UPDATE_VECTORS=1, which keeps what to do and asks for what is
/// missing.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed partial class ErrorTableTest
{
    private const string Document = "docs/ERRORS.md";
    private const string Begin = "<!-- begin: generated from the codes -->\n";
    private const string End = "<!-- end -->\n";
    private const string Missing = "(say what to do)";

    [Test]
    public void Table_HasEveryCodeWithItsMeaningAndItsStatuses()
    {
        string text = File.ReadAllText(Repository.PathOf(Document));
        int from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int to = text.IndexOf(End, StringComparison.Ordinal);
        Assert.That(from >= Begin.Length && to >= from, $"{Document} lacks its marks.");
        Dictionary<string, string> remedies = Remedies(text[from..to]);
        var table = new StringBuilder("| from | code | gRPC | HTTP | exit | meaning | what to do |\n|--|--|--|--|--|--|--|\n");
        foreach (Row row in Rows())
        {
            table.Append($"| {row.From} | `{row.Code}` | {row.Grpc} | {row.Http} | {row.Exit} | {row.Meaning} | "
                + $"{remedies.GetValueOrDefault($"{row.From} {row.Code}", Missing)} |\n");
        }
        Repository.Hold(Document, text[..from] + table + text[to..]);
        Assert.That(table.ToString(), Does.Not.Contain(Missing), "Every code tells people what to do.");
    }

    [Test]
    public void Table_NamesEveryExitCodeOnce()
    {
        int[] codes = [.. ExitCodes().Select(f => (int)f.GetRawConstantValue()!)];
        Assert.That(codes, Is.Unique);
        Assert.That(ExitCode.NameOf(ExitCode.VerificationFailed), Is.EqualTo("VERIFICATION_FAILED"));
    }

    private static IEnumerable<Row> Rows()
    {
        foreach (Row row in Of<RejectionCode>("ledger", "src/Core/Model/RejectionCode.cs",
            code => (ErrorStatus.StatusOf(code), null, ExitOf(ErrorStatus.StatusOf(code)))))
            yield return row;
        foreach (Row row in Of<LedgerErrorCode>("request", "src/Rpc/LedgerRequestException.cs",
            code => (ErrorStatus.StatusOf(code), null, ExitOf(ErrorStatus.StatusOf(code)))))
            yield return row;
        foreach (Row row in Of<TokenRefusal>("reader", "src/Core/Model/TokenRefusal.cs",
            _ => (StatusCode.Unauthenticated, null, ExitOf(StatusCode.Unauthenticated))))
            yield return row;
        foreach (Row row in Of<CertificateRefusal>("reader", "src/Core/Model/CertificateRefusal.cs",
            _ => (StatusCode.Unauthenticated, null, ExitOf(StatusCode.Unauthenticated))))
            yield return row;
        yield return Request(ErrorStatus.TransactionPending, StatusCode.DeadlineExceeded,
            "The time to wait is over; the transaction may still commit. Facts `transactionId` and, where something stands in its way, `obstacle` (such as VERSION_AHEAD) with its facts.");
        yield return Request(ErrorStatus.Internal, StatusCode.Internal, "The node failed to answer. Fact `reference` finds it in the node's log.");
        foreach (Row row in Of<DoorReason>("door", "src/Rpc/DoorReason.cs",
            code => (DoorReasons.StatusOf(code), DoorReasons.HttpStatusOf(code), ExitOf(DoorReasons.StatusOf(code)))))
            yield return row;
        foreach (Row row in Of<WireViolationKind>("wire rule", "src/Core/Model/WireViolation.cs", _ => (null, null, null), snake: false))
            yield return row;
        foreach (Row row in Of<StartFailure>("start", "src/Node/Commands/StartFailure.cs", code => (null, null, StartFailures.ExitCodeOf(code))))
            yield return row;
        foreach (Row row in Of<OutputError>("output", "src/Node/Commands/OutputError.cs", code => (null, null, OutputErrors.ExitCodeOf(code))))
            yield return row;
        foreach (Row row in Of<KeyFileError>("key", "src/Client/Keys/KeyFileException.cs", _ => (null, null, ExitCode.Keys)))
            yield return row;
        foreach (Row row in Of<TokenError>("token", "src/Client/Keys/Tokens/TokenException.cs", code => (null, null, TokenErrors.ExitCodeOf(code))))
            yield return row;
        foreach (Row row in Of<StorageError>("storage", "src/Storage/StorageException.cs", _ => (null, null, ExitCode.Storage)))
            yield return row;
        foreach (Row row in Of<GenesisFailureKind>("genesis", "src/Core/Execution/GenesisFailure.cs", _ => (null, null, ExitCode.Configuration), snake: false))
            yield return row;
        foreach (Row row in Of<JoiningFailureKind>("joining", "src/Core/Execution/JoiningFailure.cs", code => (null, null, JoiningCommand.ExitCodeOf(code)), snake: false))
            yield return row;
        foreach (Row row in Of<ReceiptFailureKind>("receipt", "src/Core/Verification/ReceiptFailure.cs", _ => (null, null, ExitCode.VerificationFailed), snake: false))
            yield return row;
        Dictionary<string, string> meanings = Summaries("src/Node/Commands/ExitCode.cs", ConstantOf());
        foreach (FieldInfo field in ExitCodes())
        {
            int code = (int)field.GetRawConstantValue()!;
            yield return new Row("exit code", ExitCode.NameOf(code), "", "", $"{code}", meanings[field.Name]);
        }
    }

    private static Row Request(string reason, StatusCode status, string meaning) =>
        new("request", reason, GrpcName(status), $"{ErrorResponse.HttpStatusOf(status)}", $"{ExitOf(status)}", meaning);

    private static IEnumerable<Row> Of<T>(
        string from, string file, Func<T, (StatusCode? Grpc, int? Http, int? Exit)> statuses, bool snake = true)
        where T : struct, Enum
    {
        Dictionary<string, string> meanings = Summaries(file, MemberOf());
        foreach (T code in Enum.GetValues<T>())
        {
            (StatusCode? grpc, int? http, int? exit) = statuses(code);
            Assert.That(meanings, Does.ContainKey($"{code}"), $"{file}: {code} has no summary.");
            string name = code is RejectionCode rejection ? Rejection.NameOf(rejection) : snake ? ErrorStatus.NameOf(code) : $"{code}";
            yield return new Row(from, name, grpc is { } g ? GrpcName(g) : "",
                http is { } h ? $"{h}" : grpc is { } status ? $"{ErrorResponse.HttpStatusOf(status)}" : "",
                exit is { } e ? $"{e}" : "", meanings[$"{code}"]);
        }
    }

    /// <summary>What a command that meets this status ends with.</summary>
    private static int ExitOf(StatusCode status) => CommandRunner.CodeOf(status);

    private static string GrpcName(StatusCode status) => ErrorStatus.NameOf(status);

    private static IEnumerable<FieldInfo> ExitCodes() => typeof(ExitCode).GetFields().Where(f => f.IsLiteral);

    /// <summary>What the code says of its members, as one line.</summary>
    private static Dictionary<string, string> Summaries(string file, Regex member) =>
        member.Matches(File.ReadAllText(Repository.PathOf(file)))
            .GroupBy(m => m.Groups["name"].Value)
            .ToDictionary(g => g.Key, g => Plain(g.First().Groups["text"].Value));

    private static string Plain(string summary)
    {
        string text = CommentLine().Replace(summary, " ").Trim();
        text = Reference().Replace(text, m => $"`{m.Groups[1].Value.Split('.')[^1]}`");
        return Tag().Replace(text, "`").Replace("|", "\\|", StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Remedies(string table) => table.Split('\n')
        .Select(line => line.Split(" | ", StringSplitOptions.TrimEntries))
        .Where(cells => cells.Length == 7 && cells[1].StartsWith('`'))
        .ToDictionary(cells => $"{cells[0].TrimStart('|', ' ')} {cells[1].Trim('`')}", cells => cells[6].TrimEnd('|', ' '));

    [GeneratedRegex("""/// <summary>(?<text>(?:(?!</summary>)[\s\S])*)</summary>\s+(?<name>[A-Z][A-Za-z0-9]*)(?: = \d+)?,""")]
    private static partial Regex MemberOf();

    [GeneratedRegex("""/// <summary>(?<text>(?:(?!</summary>)[\s\S])*)</summary>\s+public const int (?<name>[A-Za-z]+) =""")]
    private static partial Regex ConstantOf();

    [GeneratedRegex("""\s*\n\s*///\s*""")]
    private static partial Regex CommentLine();

    [GeneratedRegex("""<see cref="([^"]+)"/>""")]
    private static partial Regex Reference();

    [GeneratedRegex("""</?c>""")]
    private static partial Regex Tag();

    private sealed record Row(string From, string Code, string Grpc, string Http, string Exit, string Meaning);
}
