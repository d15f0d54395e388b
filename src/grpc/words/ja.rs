//! Japanese. Nouns have one form for every number.

use super::{Catalogue, Singular, Unit};

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const JAPANESE: Catalogue = Catalogue {
    tag: "ja",
    singular: Singular::None,
    second: Unit { one: "", other: "{n}秒" },
    minute: Unit { one: "", other: "{n}分" },
    hour: Unit { one: "", other: "{n}時間" },
    day: Unit { one: "", other: "{n}日" },
    comma: "、",
    sentences: &[
        ("INVALID_EMAIL", "メールアドレスの形式が正しくありません。name@example.com のように入力してください。"),
        ("INVALID_PHONE_NUMBER", "電話番号の形式が正しくありません。+44 7700 900123 のように国番号を付けて入力してください。"),
        ("INVALID_CODE_FORMAT", "コードは6桁から10桁の数字です。メッセージに記載されているとおりに入力してください。"),
        ("INVALID_FIELD", "リクエストが正しくありません。修正が必要な項目：{fields}。"),
        ("INVALID_FIELD.message", "メッセージを読み取れません。インターフェースの定義に沿っているかご確認ください。"),
        ("REDIRECT_URI_NOT_ALLOWED", "このアプリケーションからそのページへは移動できません。アプリケーションからもう一度やり直してください。"),
        ("CODE_INVALID", "コードが正しくありません。ご確認いただくか、新しいコードをリクエストしてください。"),
        ("CODE_EXPIRED", "コードの有効期限が切れています。新しいコードをリクエストしてください。"),
        ("CHALLENGE_NOT_FOUND", "このサインインの手続きは終了しています。新しいコードをリクエストしてください。"),
        ("TOKEN_INVALID", "アクセストークンが無効です。更新するか、もう一度サインインしてください。"),
        ("REFRESH_TOKEN_INVALID", "セッションが終了しました。もう一度サインインしてください。"),
        ("REFRESH_TOKEN_REUSED", "古いトークンが再び使用されました。安全のため、すべてのセッションを終了しました。もう一度サインインしてください。"),
        ("DEVICE_MISMATCH", "このセッションは別のデバイスのものです。このデバイスでもう一度サインインしてください。"),
        ("SERVICE_CREDENTIAL_REQUIRED", "このメソッドはオペレーター専用です。オペレーター用トークンをメタデータ x-service-token で送信してください。"),
        ("ROLE_NOT_ALLOWED", "呼び出し元のロールでは許可されていません。必要なロールをオペレーターに依頼してください。"),
        ("USER_DISABLED", "このアカウントは無効になっています。サポートにお問い合わせください。"),
        ("RATE_LIMITED", "コードのリクエストが多すぎます。{wait}後にもう一度お試しください。"),
        ("ACCOUNT_LOCKED", "誤ったコードの入力が続きました。{wait}後にもう一度お試しください。"),
        ("ATTEMPTS_EXHAUSTED", "このコードの試行回数が上限に達しました。新しいコードをリクエストしてください。"),
        ("RESEND_TOO_SOON", "コードを送信したばかりです。{wait}後に再送信をリクエストできます。"),
        ("STORE_UNAVAILABLE", "現在サービスが応答できません。データは失われていません。しばらくしてからもう一度お試しください。"),
        ("NOT_FOUND", "お探しのものは存在しないか、すでに削除されています。内容をご確認ください。"),
        ("NOT_FOUND.user", "該当するユーザーが存在しません。アドレスまたは ID をご確認ください。"),
        ("NOT_FOUND.session", "該当するセッションが存在しないか、すでに終了しています。セッションの一覧をもう一度ご確認ください。"),
        ("METHOD_NOT_FOUND", "このメソッドはここにはありません。名前とポートをご確認ください。"),
        ("METHOD_NOT_FOUND.compressed", "圧縮されたメッセージは受け付けていません。圧縮せずに送信してください。"),
        ("DEADLINE_EXCEEDED", "処理に時間がかかりすぎました。しばらくしてからもう一度お試しください。"),
        ("MESSAGE_TOO_LARGE", "メッセージが大きすぎます。16 KiB 以内で送信してください。"),
        ("OVERLOADED", "サービスが混み合っています。しばらくしてからもう一度お試しください。"),
        ("INTERNAL", "サービスでエラーが発生しました。もう一度お試しください。繰り返し発生する場合は、サポートにお問い合わせください。"),
    ],
};
