using System.Text;
using Google.Protobuf.Reflection;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>Goal: the fields that other programs are written from are those of the .proto files.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MessageTableTest
{
    private const string Document = "docs/SPEC.md";
    private const string Begin = "<!-- begin: generated from the .proto files -->\n";
    private const string End = "<!-- end of messages -->\n";

    private static readonly FileDescriptor[] Files =
        [TransactionReflection.Descriptor, StateReflection.Descriptor, GenesisReflection.Descriptor];

    [Test]
    public void Table_IsTheProtoFiles()
    {
        string text = File.ReadAllText(Repository.PathOf(Document));
        int from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int to = text.IndexOf(End, StringComparison.Ordinal);
        Assert.That(from >= Begin.Length && to >= from, $"{Document} lacks its marks.");
        var table = new StringBuilder("| message | fields | reserved |\n|--|--|--|\n");
        foreach (MessageDescriptor message in Files.SelectMany(f => f.MessageTypes))
            table.Append($"| {message.Name} | {string.Join(", ", message.Fields.InFieldNumberOrder().Select(Describe))} | {Reserved(message)} |\n");
        Repository.Hold(Document, text[..from] + table + text[to..]);
    }

    private static string Describe(FieldDescriptor field)
    {
        string type = field.FieldType == FieldType.Message ? field.MessageType.Name : field.FieldType.ToString().ToLowerInvariant();
        string repeated = field.IsRepeated ? "repeated " : "";
        string oneof = field.ContainingOneof is { } group ? $" of `{group.Name}`" : "";
        return $"{field.FieldNumber} `{field.Name}` {repeated}{type}{oneof}";
    }

    private static string Reserved(MessageDescriptor message) => string.Join(", ", message.ToProto().ReservedRange.Select(
        range => range.End == range.Start + 1 ? $"{range.Start}" : $"{range.Start} to {range.End - 1}"));
}
