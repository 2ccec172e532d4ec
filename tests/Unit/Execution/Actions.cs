using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution;

/// <summary>Valid actions, each a body that has nothing else.</summary>
internal static class Actions
{
    public const string Type = "licence";

    public static TransactionBody Register(string id, ulong expected = 0, string content = "{}", string type = Type) =>
        new() { Register = Change(type, id, expected, content, "") };

    public static TransactionBody Amend(string id, ulong expected, string content = "{\"a\":1}", string type = Type) =>
        new() { Amend = Change(type, id, expected, content, "typing error") };

    public static TransactionBody Annul(string id, ulong expected, string type = Type) =>
        new() { Annul = Change(type, id, expected, null, "withdrawn") };

    public static TransactionBody Define(string type = Type, ulong expected = 0) => new()
    {
        DefineType = new DefineType
        {
            Type = type,
            ExpectedVersion = expected,
            Titles = { new LocalizedText { Language = "en", Text = "Licence" } },
            PublicRead = true,
        },
    };

    public static TransactionBody Enrol(string id, TestKey key, params OfficerRole[] roles) => new()
    {
        EnrolOfficer = new EnrolOfficer
        {
            OfficerId = id,
            PublicKey = ByteString.CopyFrom(key.Public.Span),
            Roles = { roles.Select(role => (uint)role) },
        },
    };

    public static TransactionBody Revoke(string id) =>
        new() { RevokeOfficer = new RevokeOfficer { OfficerId = id, Reason = "left" } };

    private static RecordChange Change(string type, string id, ulong expected, string? content, string reason) => new()
    {
        Record = new RecordName { Type = type, Id = id },
        ExpectedVersion = expected,
        Payload = content is null ? null : new Payload
        {
            Inline = new InlinePayload
            {
                MediaType = "application/json",
                Content = ByteString.CopyFromUtf8(content),
            },
        },
        Reason = reason,
    };
}
